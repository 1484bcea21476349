"""Claims of the study of GPU clocks that a clock sweep can judge. Its other claims join with their stages."""

from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic
from wattshed.accounts.claims.results import Results
from wattshed.statistics.intervals import Interval


def _saving(results: Results) -> list[Finding] | str:
    """Change of energy at the chosen clock against the warm maximum, on GPUs whose sweep was not simulated."""
    real = [choice for choice in results.choices if choice["label"] != "simulated"]
    if not real:
        return "the sweep is simulated" if results.choices else "this study sweeps no clock"
    return [
        Finding(
            f"{choice['gpu']}, {choice['workload']}: {choice['candidate']} MHz against a warm maximum",
            Interval(
                -100 * choice["saving_share"],
                -100 * choice["saving_high"],
                -100 * choice["saving_low"],
                int(choice["candidate_repeats"]),
            ),
            "table clocks",
        )
        for choice in real
        if choice["saving_share"] is not None
    ] or "no clock saves energy within the limit of slowdown"


CLAIMS = Source(
    "GPU clock study",
    (
        Claim(
            "clock_saving",
            Topic.ENERGY,
            "summary",
            "A lower clock saves up to 91.6 % of the energy",
            "-91.6 %",
            "%",
            Bounds(high=-91.6),
            _saving,
        ),
    ),
)
