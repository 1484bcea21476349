"""Tables: error against energy and against carbon, with the models on the front."""

import pandas as pd

from wattshed.accounts.comparison.fronts import COSTS, OVERALL
from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.model_costs import ERROR, fronts_of
from wattshed.publish.typesetting.scales import energy_scale, error_name, mass_scale
from wattshed.publish.typesetting.status_marks import RETRO_MARK, RETRO_NOTE, energy_cell, energy_mark
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant_interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE

WHOLE_STUDY = "all"
TITLES = {"energy": "Energy", "carbon": "CO₂e"}
FACTOR_NOTE = "The interval of the mass is the energy's alone: the emission factor is taken as exact."


def fronts_table(
    fronts: pd.DataFrame, scope: str, unit: str, error: str = "rmse", kind: str = "energy", places: int = 4
) -> Table:
    """One row per model, best first; models on the front are named in bold.

    fronts: of :func:`fronts_frame`; scope: one of its scopes; unit: of the error; kind: ``energy`` or ``carbon``;
    places: decimals of the error. Raises :class:`Fault` for a scope or kind that is not there.
    """
    if kind not in COSTS:
        raise Fault(f"there is no front of {kind!r}: expected {' or '.join(COSTS)}; choose one.")
    rows = fronts[fronts["scope"] == scope].sort_values([f"{error}_mean", "model"], na_position="last")
    if rows.empty:
        known = ", ".join(map(str, fronts["scope"].unique())) or "none"
        raise Fault(f"there is no scope {scope!r} in the fronts: expected one of {known}; choose one.")
    cost = COSTS[kind]
    scale = (energy_scale if kind == "energy" else mass_scale)(rows[f"{cost}_mean"])
    columns = [
        Column("Model"),
        Column("n", "runs", numeric=True),
        Column(error_name(error), unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column(TITLES[kind], scale.unit, numeric=True),
        Column(INTERVAL_TITLE, scale.unit),
        Column("Front", width_cm=2.6),
    ]
    cells = [_row(row, error, places, kind, scale.factor) for _, row in rows.iterrows()]
    if rows["flags"].notna().any():
        columns.append(Column("Flags", width_cm=2.4))
        for line, flags in zip(cells, rows["flags"], strict=True):
            line.append(Cell("" if pd.isna(flags) else str(flags)))
    return Table(
        f"fronts-{kind}-{_slug(scope)}",
        _caption(rows, scope, error, kind),
        columns,
        cells,
        _notes(rows, kind),
    )


def _row(row: pd.Series, error: str, places: int, kind: str, factor: float) -> list[Cell]:
    mark, cost, verdict = energy_mark(row["energy_status"]), COSTS[kind], _verdict(row, kind)
    return [
        Cell(str(row["model"]) + (RETRO_MARK if mark == RETRO_MARK else ""), best=verdict == "on the front"),
        Cell(str(row["runs"])),
        decimals(row[f"{error}_mean"], places),
        interval(row[f"{error}_low"], row[f"{error}_high"], places),
        energy_cell(row[f"{cost}_mean"] * factor, row["energy_status"]),
        significant_interval(row[f"{cost}_low"] * factor, row[f"{cost}_high"] * factor),
        Cell(verdict),
    ]


def _verdict(row: pd.Series, kind: str) -> str:
    if pd.isna(row[f"{kind}_dominated"]):
        return str(row[f"{kind}_reason"])
    if not row[f"{kind}_dominated"]:
        return "on the front"
    return "surely dominated" if row[f"{kind}_surely_dominated"] else "dominated"


def _caption(rows: pd.DataFrame, scope: str, error: str, kind: str) -> str:
    where = {OVERALL: "mean over all slices", "all": "all runs"}.get(scope, scope)
    return (
        f"Pareto front of {error_name(error)} against {kind}, {where}: means over {count_text(rows['runs'])} runs per "
        "model; a model on the front is bold: no other is better in both."
    )


def _notes(rows: pd.DataFrame, kind: str) -> list[str]:
    notes = [f"{METHOD_NOTE}; a dash where n = 1 or the value is unknown."]
    if kind == "carbon":
        notes.append(FACTOR_NOTE)
    if rows[f"{kind}_surely_dominated"].fillna(False).any():
        notes.append("Surely dominated: the whole intervals of another model lie below.")
    if (rows["energy_status"] == "retro-estimated").any():
        notes.append(RETRO_NOTE)
    return notes


def _slug(scope: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in scope.lower())


def _make(inputs: Inputs) -> dict[str, Table]:
    fronts = fronts_of(inputs)
    return {f"pareto_{kind}": fronts_table(fronts, WHOLE_STUDY, inputs.unit, ERROR, kind) for kind in COSTS}


TABLE = TablePart(
    message="Make the tables of the Pareto fronts",
    caption="Pareto front of error against the energy or the carbon of one training.",
    inputs=("runs", "windows", "scores", "panel"),
    windows=("epoch", "fit"),
    files=("pareto_energy", "pareto_carbon"),
    make=_make,
)
