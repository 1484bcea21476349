"""Claims of the study of GPU clocks, judged by this study's choices that are neither simulated nor refused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic
from wattshed.accounts.claims.results import Results
from wattshed.statistics.intervals import Interval, mean_interval

# The document's rule and limit.
RULE = "edp"
LIMIT = 0.05
# Its goal: at least 20 % saved at 70 to 100 % of the maximum.
BAND = (0.70, 1.0)
WHERE = "table clocks"
RULES_WHERE = "table clock_choices"
# Shares are compared to within rounding.
ROUNDING = 1e-9

Choice = Mapping[str, Any]
Judge = Callable[[Sequence[Choice]], list[Finding] | str]


def _judged(judge: Judge) -> Callable[[Results], list[Finding] | str]:
    """Judge by the choices that can carry a claim on a GPU's clock, or say why there are none."""

    def measure(results: Results) -> list[Finding] | str:
        clocks = [choice for choice in results.choices if choice.get("knob", "clock") == "clock"]
        if not clocks:
            return "this study sweeps no clock"
        real = [choice for choice in clocks if choice["label"] != "simulated"]
        if not real:
            return "the sweep is simulated"
        trusted = [choice for choice in real if choice["status"] != "refused"]
        return judge(trusted) if trusted else "every sweep that is not simulated was refused"

    return measure


def _saving(choices: Sequence[Choice]) -> list[Finding] | str:
    """Change of energy at the best clock within the limits against the warm maximum."""
    return [
        Finding(
            f"{_cell(choice)}: {choice['candidate']} MHz against a warm maximum",
            _change(choice, int(choice["candidate_repeats"])),
            WHERE,
        )
        for choice in choices
        if choice["saving_share"] is not None
    ] or "no clock saves energy within the limit of slowdown"


def _mean_saving(choices: Sequence[Choice]) -> list[Finding] | str:
    """Mean over cells of the change of energy at the clock of least EDP within the document's limit."""
    same = [choice for choice in choices if abs(choice["limits"]["max_slowdown_share"] - LIMIT) < ROUNDING]
    if not same:
        return f"no choice was made under a limit of {100 * LIMIT:g} % slower"
    savings = []
    for choice in same:
        pick = _pick(choice, constrained=True)
        # Without such a clock the GPU stays at its maximum.
        savings.append(0.0 if pick is None else -100 * pick["saving_share"])
    doubtful = sum(choice["status"] == "doubtful" for choice in same)
    said = f"mean over {len(same)} GPUs and workloads{f', {doubtful} of them doubtful' if doubtful else ''}, least EDP"
    return [Finding(said, mean_interval(savings), RULES_WHERE)]


def _goal(choices: Sequence[Choice]) -> list[Finding] | str:
    """Change of energy at the best clock of the band that is shown to keep the limit."""
    findings = []
    for choice in choices:
        kept = [
            row
            for row in choice["fitted"]
            if row["measured"]
            and row["setting"] < choice["maximum"]
            and BAND[0] - ROUNDING <= row["setting"] / choice["maximum"] <= BAND[1]
            and row["slowdown_high"] <= choice["limits"]["max_slowdown_share"]
        ]
        if kept:
            best = max(kept, key=lambda row: row["saving_share"])
            findings.append(
                Finding(f"{_cell(choice)}: {best['setting']} MHz", _change(best, int(best["repeats"])), WHERE)
            )
    return findings or "no clock from 70 % of the maximum up is shown to keep the limit of slowdown"


def _slower_maximum(choices: Sequence[Choice]) -> list[Finding] | str:
    """Slowdown at the clock of least EDP within the limits; below 0 the maximum is the slower one."""
    return _slowdowns(choices, constrained=True) or "no clock keeps the limit of slowdown"


def _penalty(choices: Sequence[Choice]) -> list[Finding] | str:
    """Slowdown at the clock of least EDP, whatever it is."""
    return _slowdowns(choices, constrained=False) or "no lower clock has a smaller EDP"


def _slowdowns(choices: Sequence[Choice], *, constrained: bool) -> list[Finding]:
    findings = []
    for choice in choices:
        pick = _pick(choice, constrained=constrained)
        if pick is None or pick["setting"] >= choice["maximum"]:
            continue
        share, low, high = (100 * pick[f"slowdown_{end}"] for end in ("share", "low", "high"))
        measured = Interval(share, low, high, _repeats(choice, pick["setting"]))
        findings.append(
            Finding(f"{_cell(choice)}: {pick['setting']} MHz against a warm maximum", measured, RULES_WHERE)
        )
    return findings


def _pick(choice: Choice, *, constrained: bool) -> Choice | None:
    return next(
        (
            pick
            for pick in choice["picks"]
            if (pick["rule"], pick["constrained"]) == (RULE, constrained) and pick["setting"] is not None
        ),
        None,
    )


def _repeats(choice: Choice, setting: int) -> int:
    return next((int(row["repeats"]) for row in choice["fitted"] if row["setting"] == setting), 0)


def _change(row: Choice, n: int) -> Interval:
    """A saving as a change in per cent: below 0 is less energy."""
    share, low, high = (-100 * row[f"saving_{end}"] for end in ("share", "low", "high"))
    return Interval(share, high, low, n)


def _cell(choice: Choice) -> str:
    doubt = " (doubtful)" if choice["status"] == "doubtful" else ""
    return f"{choice['gpu']}, {choice['workload']}{doubt}"


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
            _judged(_saving),
        ),
        Claim(
            "clock_mean_saving",
            Topic.ENERGY,
            "results",
            "The clock of least EDP within 5 % slowdown saves 25.4 % on the mean",
            "-25.4 %",
            "%",
            Bounds(high=-25.4),
            _judged(_mean_saving),
        ),
        Claim(
            "clock_goal",
            Topic.ENERGY,
            "goal",
            "At 70 to 100 % of the maximum clock and within the limit, at least 20 % are saved",
            "-20 %",
            "%",
            Bounds(high=-20.0),
            _judged(_goal),
        ),
        Claim(
            "clock_slower_maximum",
            Topic.TIME_AND_SIZE,
            "results",
            "The maximum clock is slower than the lower one of least EDP (9 of 12)",
            "below 0 %",
            "%",
            Bounds(high=0.0),
            _judged(_slower_maximum),
        ),
        Claim(
            "clock_penalty",
            Topic.TIME_AND_SIZE,
            "summary",
            "Without a limit, the clock of least EDP is 93 to 98 % slower",
            "93 to 98 %",
            "%",
            Bounds(93.0, 98.0),
            _judged(_penalty),
        ),
    ),
)
