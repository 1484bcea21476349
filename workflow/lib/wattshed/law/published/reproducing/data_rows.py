"""Rows of the final paper that its data decide: swapped parameters, the selected fit, unidentified coefficients."""

from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import (
    A100,
    ENERGY_FILE_A100,
    FLOPS_PER_TFLOP,
    LSTM_ENERGY,
    RTX_2080_TI,
    V_MAX,
)
from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.reproducing.evidence import Evidence, LstmSteps
from wattshed.law.published.reproducing.row import PAPER, Basis, Row, made_row, unstated_row
from wattshed.law.published.reproducing.verdicts import (
    judge,
    judge_identified,
    judge_kept,
    judge_selected,
    judge_swapped,
)

TABLE_1, TABLE_4, ENERGY_MODEL, ENERGY_FILE = "Table 1", "Table 4", "energy model", "energy file"
SWAPPED = (Kind.QKV, Kind.OUTPUT_PROJECTION)
PARAMETERS = {"A100": A100, "RTX 2080 Ti": RTX_2080_TI}
R2, MAE_J = "0.958", "6.3"


def data_rows(evidence: Evidence, *, honest: bool) -> list[Row]:
    """Rows from evidence. honest: also the measures of fit of all points, which the source's text leaves out."""
    return [
        *_swapped(evidence),
        *_selected(evidence, honest=honest),
        *_coefficients(evidence),
        *_files(evidence),
        *_lstm(evidence),
        *(_lstm_steps(evidence.lstm_steps) if honest else []),
    ]


def _swapped(evidence: Evidence) -> list[Row]:
    """Each row's eta_max against that of the row which fits its measurements."""
    rows = []
    for device, parameters in PARAMETERS.items():
        recorded = all((device, kind) in evidence.fits for kind in SWAPPED)
        # The released kernels of a device may lack here; what they say is then cited.
        source = evidence if recorded else Evidence()
        fits = [source.fits[device, kind] for kind in SWAPPED]
        judgement = judge_swapped([fit.own_r2 for fit in fits], [fit.exchanged_r2 for fit in fits])
        for kind, other in (SWAPPED, SWAPPED[::-1]):
            rows.append(
                made_row(
                    PAPER,
                    TABLE_1,
                    f"eta_max of {'QKV' if kind is Kind.QKV else 'the final projection'}, {device}",
                    "%",
                    repr(parameters[kind].eta_max_percent),
                    parameters[other].eta_max_percent,
                    judgement=judgement,
                    basis=source.basis,
                )
            )
    return rows


def _selected(evidence: Evidence, *, honest: bool) -> list[Row]:
    share = evidence.kept_share
    kept_words = f"{evidence.kept_points:,} of {evidence.all_points:,} points"
    r2, mae = PrintedNumber(R2), PrintedNumber(MAE_J)
    test, training = evidence.unselected_r2, evidence.unselected_training_r2
    rows = [
        made_row(
            PAPER,
            ENERGY_MODEL,
            "R2 of the energy model",
            "",
            R2,
            evidence.kept_r2[-1],
            judgement=judge_selected(r2, evidence.kept_r2, test, share),
            because=kept_words,
            unselected=test,
            basis=evidence.basis,
        )
    ]
    if not honest:
        return rows
    notebook = "the released notebook prints it before it deletes points"
    for part, value in (("test", test), ("training", training)):
        rows.append(
            made_row(
                PAPER,
                ENERGY_MODEL,
                f"R2 of the energy model, all points of the {part} part",
                "",
                R2,
                value,
                judgement=judge_selected(r2, evidence.kept_r2, value, share),
                because=notebook,
                unselected=value,
                basis=Basis.CITED,
            )
        )
    rows.append(
        made_row(
            PAPER,
            ENERGY_MODEL,
            "mean absolute error, all points of the test part",
            "J",
            MAE_J,
            evidence.unselected_mae_j,
            judgement=judge_selected(mae, (mae.value,), evidence.unselected_mae_j, share),
            because=notebook,
            unselected=evidence.unselected_mae_j,
            basis=Basis.CITED,
        )
    )
    return rows


def _coefficients(evidence: Evidence) -> list[Row]:
    """Half of the sum of both coefficients is as good as each; QKV and output projection are nearly one column."""
    rows = []
    if (judgement := judge_identified(evidence.correlation)) is not None:
        rows += [
            made_row(
                PAPER,
                "equation 19",
                f"coefficient of {what}",
                "J/pseudo-µs",
                "0.3041",
                None,
                judgement=judgement,
                basis=evidence.basis,
            )
            for what in ("attention scores", "attention output")
        ]
    rows.append(
        unstated_row(
            PAPER,
            "equation 19",
            "correlation of the durations of QKV and final projection",
            "",
            evidence.projections_correlation,
            "columns this alike do not identify two coefficients; that of QKV is negative",
            evidence.basis,
        )
    )
    return rows


def _files(evidence: Evidence) -> list[Row]:
    law = ENERGY_FILE_A100
    rows = [
        made_row(
            PAPER,
            ENERGY_FILE,
            "eta_max behind the efficiencies of QKV, A100",
            "%",
            repr(A100[Kind.QKV].eta_max_percent),
            law.eta_max_percent,
            judgement=judge(PrintedNumber(repr(A100[Kind.QKV].eta_max_percent)), law.eta_max_percent),
            because="the file has one law for all four operations "
            f"({law.eta_max_percent}, {law.k}, {law.alpha}), to within {100 * evidence.one_law_error:.1g} %",
            basis=evidence.basis,
        ),
        made_row(
            PAPER,
            ENERGY_FILE,
            "peak of the RTX 2080 Ti",
            "TFLOP/s",
            repr(V_MAX["RTX 2080 Ti"] / FLOPS_PER_TFLOP),
            evidence.peak_2080_tflops,
            because="the files count the device's efficiencies from another peak",
            basis=evidence.basis,
        ),
        made_row(
            PAPER,
            ENERGY_FILE,
            "duration of the attention output in the unit of the other columns",
            "",
            "1.00",
            evidence.output_unit,
            because="equal FLOPs have equal durations under one law",
            basis=evidence.basis,
        ),
        unstated_row(
            PAPER,
            ENERGY_FILE,
            "energy over time of a step, mean",
            "W",
            evidence.power_w,
            f"standard deviation {evidence.power_spread_w:.1f} W: energy is one power sample x time, so nearly a "
            "multiple of time",
            evidence.basis,
        ),
        unstated_row(
            PAPER,
            ENERGY_MODEL,
            "share of a step's time that the four modelled operations take",
            "%",
            100 * evidence.explained_share,
            "their physical forward time; backward, feed-forward, head, optimiser and launches are in the coefficients",
            evidence.basis,
        ),
    ]
    if evidence.step_kwh is not None:
        rows.append(
            made_row(
                PAPER,
                ENERGY_FILE,
                "energy of a step, column in kWh",
                "kWh",
                f"{evidence.file_kwh:.3f}",
                evidence.step_kwh,
                because="the column in joules has another energy",
                basis=evidence.basis,
            )
        )
    return rows


def _lstm(evidence: Evidence) -> list[Row]:
    return [
        made_row(
            PAPER,
            TABLE_4,
            "intercept of the LSTM's energy model",
            "J",
            repr(LSTM_ENERGY.intercept_j),
            evidence.lstm_intercept_j,
            others={
                "the mean energy of the training part, the intercept of centred durations": evidence.lstm_mean_j
            },
            basis=evidence.basis,
        )
    ]


def _lstm_steps(steps: LstmSteps) -> list[Row]:
    """The fit on the released LSTM steps beside that on all; the source does not say that steps were left out."""
    judgement = judge_kept(steps.kept_steps / steps.all_steps, steps.beyond_share, steps.all_r2)
    return [
        Row(
            PAPER,
            TABLE_4,
            "R2 of the LSTM's regression on the file of energies",
            "",
            None,
            None,
            steps.kept_r2,
            None,
            steps.all_r2,
            judgement.verdict,
            f"{judgement.reason}; {steps.kept_steps:,} of {steps.all_steps:,} steps, the others in the file of "
            "efficiencies",
            steps.basis,
        )
    ]
