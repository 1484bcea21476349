"""Rows of the older read-me: FLOPs, the efficiency column, durations, energies, and the conclusion."""

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.law.operations.operation import Kind
from wattshed.law.published import readme_numbers as printed
from wattshed.law.published.parameters import (
    A100,
    FLOPS_PER_TFLOP,
    OUTPUT,
    PROJECTIONS,
    SCORES,
    V_MAX,
)
from wattshed.law.published.parameters import (
    README as LAWS,
)
from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.readme_numbers import EPOCHS, KINDS, MODELS, printed_energies_j, value_of
from wattshed.law.published.reproducing.row import README, Basis, Row, made_row
from wattshed.law.published.reproducing.verdicts import judge_without_formula
from wattshed.law.published.transformer_step import PSEUDO_US_PER_S, layer_flops

# Which operations of step 1 are joined in step 2.
JOINED = {
    PROJECTIONS: (Kind.QKV, Kind.OUTPUT_PROJECTION),
    SCORES: (Kind.SCORES,),
    OUTPUT: (Kind.ATTENTION_OUTPUT,),
}
# The older paper's attention output has these parameters; its table is cited from reading it.
OLDER_OUTPUT = {"eta_max": 65.79, "k": 9.25, "alpha": 0.81}


def readme_rows() -> list[Row]:
    """All rows of the older read-me, in its order."""
    return [*_flops(), *_parameters(), *_steps(), *_exponents(), *_energies()]


def _flops() -> list[Row]:
    rows = []
    for model, sizes in MODELS.items():
        for kind, flops in layer_flops(sizes).items():
            quantity = f"FLOPs of {KINDS[kind]}, model {model}"
            rows.append(made_row(README, printed.STEP_1, quantity, "", printed.FLOPS[model][kind], flops))
    return rows


def _parameters() -> list[Row]:
    """The row of the projections, which no final table has."""
    law, final = LAWS[PROJECTIONS], A100[Kind.QKV]
    rows = []
    for name, text, later in (
        ("eta_max", "65.79", final.eta_max_percent),
        ("k", "9.25", final.k),
        ("alpha", "0.81", final.alpha),
    ):
        assert value_of(text) in (law.eta_max_percent, law.k, law.alpha)
        others = {"that of the attention output in the older paper": OLDER_OUTPUT[name]}
        rows.append(
            made_row(
                README,
                printed.STEP_2,
                f"{name} of the projections",
                "%" if name == "eta_max" else "",
                text,
                None,
                judgement=judge_without_formula(PrintedNumber(text), others),
                because=f"the final paper has {later:g} for QKV",
                basis=Basis.CITED,
            )
        )
    return rows


def _steps() -> list[Row]:
    """Step 2: sizes, efficiencies by the stated law at the stated sizes, durations from the stated efficiencies."""
    rows = []
    for model in MODELS:
        for name, kinds in JOINED.items():
            about = f"{name}, model {model}"
            tflop = printed.TFLOP[model][name]
            stated = sum(value_of(printed.FLOPS[model][kind]) for kind in kinds)
            rows.append(
                made_row(README, printed.STEP_2, f"TFLOP of {about}", "", tflop, stated / FLOPS_PER_TFLOP)
            )
            flops = value_of(tflop) * FLOPS_PER_TFLOP
            eta = printed.ETA_PERCENT[model][name]
            rows.append(
                made_row(
                    README, printed.STEP_2, f"efficiency of {about}", "%", eta, LAWS[name].eta_percent(flops)
                )
            )
            seconds = flops / (V_MAX["A100"] * value_of(eta) / 100)
            text = printed.PSEUDO_US[model][name]
            rows.append(
                made_row(
                    README,
                    printed.STEP_2,
                    f"duration of {about}, per cent taken as a factor",
                    "pseudo-µs",
                    text,
                    seconds * PSEUDO_US_PER_S,
                    because="one layer only",
                )
            )
            if name == PROJECTIONS:
                rows.append(
                    made_row(
                        README,
                        printed.STEP_2,
                        f"duration of {about}, physical",
                        "µs",
                        text,
                        seconds * 1e6,
                        because="one layer only; the stated efficiency is in per cent",
                    )
                )
    return rows


def _exponents() -> list[Row]:
    """The exponent that the two printed efficiencies of an operation imply; a unit of size does not change it."""
    rows = []
    for name, law in LAWS.items():
        small, large = (
            (value_of(printed.TFLOP[model][name]), value_of(printed.ETA_PERCENT[model][name]))
            for model in MODELS
        )
        rows.append(
            made_row(
                README,
                printed.STEP_2,
                f"alpha of {name}, as the efficiencies of A and B imply",
                "",
                printed.ALPHA[name],
                law.implied_alpha(small, large),
                because="no unit of size changes this exponent",
            )
        )
    return rows


def _energies() -> list[Row]:
    found = printed_energies_j()
    rows = [
        made_row(
            README, printed.STEP_3, f"energy of model {model}", "J", printed.ENERGY_J[model], found[model],
            because="the sum of the printed terms",
        )
        for model in MODELS
    ]  # fmt: skip
    less, more = found[printed.A], found[printed.B]
    return [
        *rows,
        made_row(
            README,
            printed.CONCLUSION,
            "how much more energy model B takes",
            "%",
            printed.MORE_PERCENT,
            100 * (more / less - 1),
        ),
        made_row(
            README,
            printed.CONCLUSION,
            "difference over a million epochs",
            "kWh",
            printed.PER_MILLION_KWH,
            (more - less) * EPOCHS / JOULES_PER_KWH,
        ),
    ]
