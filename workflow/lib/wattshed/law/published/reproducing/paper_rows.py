"""Rows of the final paper, its code and its read-me that formulas alone decide."""

from collections.abc import Sequence
from dataclasses import replace

from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.law.operations.operation import Kind
from wattshed.law.published.parameters import CODE_ENERGY, FLOPS_PER_TFLOP, PAPER_ENERGY, RELEASE_ENERGY
from wattshed.law.published.printed_number import PrintedNumber
from wattshed.law.published.printed_tables import PrintedCell, heads_table, width_table
from wattshed.law.published.readme_numbers import EPOCHS, KINDS, MODELS
from wattshed.law.published.reproducing.row import PAPER, Basis, Row, made_row, unstated_row
from wattshed.law.published.reproducing.verdicts import judge_at_least
from wattshed.law.published.transformer_step import MODEL_A, OperationCost, operation_costs, step_energy_j

TABLE_5, RELEASE, TABLE_9, TABLE_10 = "Table 5", "release read-me", "Table 9", "Table 10"
ORDER = (Kind.QKV, Kind.SCORES, Kind.ATTENTION_OUTPUT, Kind.OUTPUT_PROJECTION)
ETA_PERCENT = {"A": ("35.31", "7.75", "9.76", "12.19"), "B": ("51.19", "10.43", "13.11", "21.04")}
PSEUDO_US = {"A": ("35.08", "33.29", "26.44", "33.87"), "B": ("108.91", "74.21", "59.05", "88.31")}
ENERGY_J = {"A": "36.064", "B": "78.963"}
RATIO, PER_MILLION_KWH = "2.1896", "11.92"
# The read-me of the release rounds the same numbers in its own way.
RELEASE_TFLOP = {
    "A": ("0.0322", "0.00674", "0.00674", "0.01074"),
    "B": ("0.0724", "0.0100", "0.0100", "0.0240"),
}
RELEASE_PSEUDO_US = {"A": ("35.08", "33.28", "26.43", "33.87"), "B": ("108.90", "74.21", "59.05", "88.31")}
RELEASE_ENERGY_J = {"A": "36", "B": "79"}
# Table 9 of the paper: layers, heads, energy [J].
PRINTED_9 = (
    (2, 8, "14.44"),
    (6, 8, "36.06"),
    (12, 8, "68.50"),
    (24, 8, "133.37"),
    (6, 6, "36.05"),
    (6, 12, "35.99"),
    (6, 14, "35.99"),
)


def paper_rows() -> list[Row]:
    """All rows of the final paper that need no data, in its order."""
    return [*_table_5(), *_release(), *_table_9(), *_table_10()]


def _table_5() -> list[Row]:
    rows = []
    for model, sizes in MODELS.items():
        costs = operation_costs(sizes)
        for kind, eta, duration in zip(ORDER, ETA_PERCENT[model], PSEUDO_US[model], strict=True):
            rows += _of_operation(model, kind, costs[kind], eta, duration)
    energies = {model: step_energy_j(sizes) for model, sizes in MODELS.items()}
    for model, sizes in MODELS.items():
        text = ENERGY_J[model]
        rows += [
            made_row(PAPER, TABLE_5, f"energy of model {model} by the code", "J", text, energies[model]),
            made_row(
                PAPER,
                "equation 19",
                f"energy of model {model} by the printed equation",
                "J",
                f"{float(text):.2f}",
                step_energy_j(sizes, PAPER_ENERGY),
                because="the equation has other digits than the code",
            ),
        ]
    difference = energies["B"] - energies["A"]
    return [
        *rows,
        made_row(PAPER, TABLE_5, "energy of B against A", "", RATIO, energies["B"] / energies["A"]),
        made_row(
            PAPER,
            TABLE_5,
            "difference over a million steps",
            "kWh",
            PER_MILLION_KWH,
            difference * EPOCHS / JOULES_PER_KWH,
            because="the source says epochs; its unit is a step of one batch",
        ),
    ]


def _of_operation(model: str, kind: Kind, cost: OperationCost, eta: str, duration: str) -> list[Row]:
    about = f"{KINDS[kind]}, model {model}"
    return [
        made_row(PAPER, TABLE_5, f"efficiency of {about}", "%", eta, cost.eta_percent),
        made_row(
            PAPER,
            TABLE_5,
            f"duration of {about}, per cent taken as a factor",
            "pseudo-µs",
            duration,
            cost.paper_pseudo_us,
        ),
        made_row(
            PAPER,
            TABLE_5,
            f"duration of {about}, physical",
            "µs",
            duration,
            cost.time_s * 1e6,
            because="the efficiency is in per cent",
        ),
    ]


def _release() -> list[Row]:
    rows = []
    for model, sizes in MODELS.items():
        costs = operation_costs(sizes)
        for kind, tflop, duration in zip(ORDER, RELEASE_TFLOP[model], RELEASE_PSEUDO_US[model], strict=True):
            about = f"{KINDS[kind]}, model {model}"
            cost = costs[kind]
            rows += [
                made_row(PAPER, RELEASE, f"TFLOP of {about}", "", tflop, cost.flops / FLOPS_PER_TFLOP),
                made_row(
                    PAPER,
                    RELEASE,
                    f"duration of {about}, per cent taken as a factor",
                    "pseudo-µs",
                    duration,
                    cost.paper_pseudo_us,
                ),
            ]
        printed_us = {
            kind: PrintedNumber(text).value
            for kind, text in zip(ORDER, RELEASE_PSEUDO_US[model], strict=True)
        }
        rows.append(
            made_row(
                PAPER,
                RELEASE,
                f"energy of model {model} by the printed equation",
                "J",
                RELEASE_ENERGY_J[model],
                RELEASE_ENERGY.energy_j(printed_us),
                exchanged={"the factors of scores and final projection": PAPER_ENERGY.energy_j(printed_us)},
            )
        )
    energies = {model: step_energy_j(sizes, CODE_ENERGY) for model, sizes in MODELS.items()}
    difference = energies["B"] - energies["A"]
    kwh = difference * EPOCHS / JOULES_PER_KWH
    return [
        *rows,
        made_row(
            PAPER,
            RELEASE,
            "energy of B: more than so many times A",
            "",
            "2",
            energies["B"] / energies["A"],
            judgement=judge_at_least(PrintedNumber("2"), energies["B"] / energies["A"]),
        ),
        made_row(PAPER, RELEASE, "difference of one epoch", "J", "42", difference),
        made_row(
            PAPER,
            RELEASE,
            "difference over a million epochs: more than",
            "kWh",
            "11",
            kwh,
            judgement=judge_at_least(PrintedNumber("11"), kwh),
        ),
    ]


def _table_9() -> list[Row]:
    rows = [
        made_row(
            PAPER,
            TABLE_9,
            f"energy with {layers} layers and {heads} heads",
            "J",
            text,
            step_energy_j(replace(MODEL_A, layers=layers, heads=heads)),
            because=""
            if MODEL_A.width % heads == 0
            else "the code cuts the width of a head to a whole number",
        )
        for layers, heads, text in PRINTED_9
    ]
    return [*rows, _all_cells(TABLE_9, heads_table())]


def _table_10() -> list[Row]:
    cells = width_table()
    other = max(abs(step_energy_j(replace(cell.sizes, heads=8)) - cell.recomputed_j) for cell in cells)
    return [
        _all_cells(TABLE_10, cells),
        unstated_row(
            PAPER,
            TABLE_10,
            "largest change with eight heads",
            "J",
            other,
            "the table does not state its heads; the released notebook has six, and the code cuts the width of a head",
            Basis.FORMULA,
        ),
    ]


def _all_cells(place: str, cells: Sequence[PrintedCell]) -> Row:
    agree = sum(cell.agrees for cell in cells)
    return made_row(
        PAPER,
        place,
        "cells of the released notebook, of which the formulas give every printed digit",
        "",
        str(len(cells)),
        agree,
    )
