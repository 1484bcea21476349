"""Claims of the energy law's source: its worked example by its own formulas, its fit, and its law in this study."""

from collections.abc import Callable

from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic, exactly
from wattshed.accounts.claims.predictions import (
    against_rivals,
    determination_of_steps,
    errors_of_steps,
)
from wattshed.accounts.claims.results import Results
from wattshed.law.published.reproducing.evidence import Evidence
from wattshed.law.published.worked_example import WorkedExample, worked_example

OLDER, FINAL, ENERGY_MODEL = "older read-me", "final paper", "final paper, energy model"
WHERE = "wattshed reproduce"
QKV_PSEUDO_US = "35.08"


def _of_examples(value: Callable[[WorkedExample], float]) -> Callable[[Results], list[Finding]]:
    """A number of the worked example, by the older read-me's printed terms and by the final paper's formulas."""

    def measure(results: Results) -> list[Finding]:
        older, final = worked_example()
        return [
            Finding("sum of the read-me's printed terms", exactly(value(older)), WHERE, exact=True),
            Finding("formulas of the final paper", exactly(value(final)), WHERE, exact=True),
        ]

    return measure


def _of_final(what: str, value: Callable[[WorkedExample], float]) -> Callable[[Results], list[Finding]]:
    def measure(results: Results) -> list[Finding]:
        return [Finding(what, exactly(value(worked_example()[1])), WHERE, exact=True)]

    return measure


def _qkv_us(example: WorkedExample) -> float:
    """Physical microseconds of model A's QKV projections."""
    return example.models[0].operations[0].time_s * 1e6


def _determination(results: Results) -> list[Finding]:
    """R2 on all points of the source, and of this study's own predictions where it has them."""
    own = determination_of_steps(results)
    cited = Evidence()
    unselected = Finding(
        f"the source's regression on all {cited.all_points:,} points, as its notebook prints it before it deletes "
        f"{cited.all_points - cited.kept_points:,} by their error",
        exactly(cited.unselected_r2),
        WHERE,
        exact=True,
    )
    return [unselected, *([] if isinstance(own, str) else own)]


CLAIMS = Source(
    "Power laws of energy",
    (
        Claim(
            "law_r2",
            Topic.ENERGY,
            ENERGY_MODEL,
            "The energy of a training step follows from its operations with an R² of 0.958",
            "0.958",
            "",
            Bounds(low=0.9575),
            _determination,
        ),
        Claim(
            "law_general",
            Topic.ENERGY,
            "overview",
            "A general law predicts energy from the architecture (counted as: to 10 % on the mean)",
            "a general law",
            "%",
            Bounds(high=10.0),
            errors_of_steps,
        ),
        Claim(
            "law_form",
            Topic.ENERGY,
            FINAL,
            "Efficiency grows as a saturating power law of the FLOPs (counted as: no worse than simpler laws)",
            "a power law",
            "% points",
            Bounds(high=0.0),
            against_rivals,
        ),
        Claim(
            "example_more",
            Topic.ENERGY,
            OLDER,
            "Model B takes 19 % more energy than model A",
            "19 %",
            "%",
            Bounds(18.5, 19.5),
            _of_examples(lambda example: example.more_percent),
        ),
        Claim(
            "example_million",
            Topic.ENERGY,
            OLDER,
            "Over a million epochs the difference is 1.3 kWh",
            "1.3 kWh",
            "kWh",
            Bounds(1.25, 1.35),
            _of_examples(lambda example: example.per_million_kwh),
        ),
        Claim(
            "example_twice",
            Topic.ENERGY,
            FINAL,
            "Model B takes more than twice the energy of model A",
            "> 2",
            "",
            Bounds(low=2.0),
            _of_final("formulas of the final paper", lambda example: example.ratio),
        ),
        Claim(
            "example_11_kwh",
            Topic.ENERGY,
            FINAL,
            "Over a million epochs the difference is more than 11 kWh",
            "> 11 kWh",
            "kWh",
            Bounds(low=11.0),
            _of_final("formulas of the final paper", lambda example: example.per_million_kwh),
        ),
        Claim(
            "example_duration",
            Topic.TIME_AND_SIZE,
            FINAL,
            f"The QKV projections of model A take {QKV_PSEUDO_US} µs",
            f"{QKV_PSEUDO_US} µs",
            "µs",
            Bounds(35.075, 35.085),
            _of_final("the stated law, with its efficiency in per cent", _qkv_us),
        ),
    ),
)
