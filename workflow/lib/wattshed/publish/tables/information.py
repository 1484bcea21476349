"""Table: what each model sees, beside its test error."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wattshed.config.models.families import read_model
from wattshed.forecast.baselines.protocol import information_of_baseline
from wattshed.forecast.families.family import information_of
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import Information
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import (
    CHECK,
    INTERVAL_TITLE,
    MISSING,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import BLOCK_DAYS

UNKNOWN = "?"
TITLES = {
    Information.LOOK_BACK: "Look-back",
    Information.DAYS_BEFORE: "Days before",
    Information.NEIGHBOURS: "Neighbours",
    Information.CALENDAR: "Calendar",
    Information.NODE: "Node",
    Information.WEATHER: "Weather",
}


def information_table(decided: pd.DataFrame, models: Mapping[str, Any], unit: str) -> Table:
    """Models in the order of their RMSE, with a check mark for everything that a forecast is made from.

    decided: the frame of :class:`Decisions`; models: blocks of the trained models by name; unit: of the errors.
    """
    rows, silent = [], []
    for row in decided.to_dict("records"):
        seen = seen_by(str(row["model"]), models)
        if seen is None:
            silent.append(str(row["model"]))
        shuffled = models.get(str(row["model"]), {}).get("graph") == "shuffled"
        rows.append(
            [
                Cell(str(row["model"])),
                *(_mark(what, seen, shuffled) for what in Information),
                Cell(str(row["n"])),
                decimals(row["error"], 4),
                interval(row["low"], row["high"], 4),
            ]
        )
    columns = [
        Column("Model"),
        *(Column(TITLES[what]) for what in Information),
        Column("n", numeric=True),
        Column("RMSE", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
    ]
    caption = (
        f"What each model sees, beside its test RMSE (mean over {count_text(decided['n'])} seeds): the node's own "
        "look-back, its own hours on days before, other nodes, hour of day or weekday, what was learned for this node "
        "alone, and weather. Models that see different things do not compete on equal terms."
    )
    notes = [
        "Scaling by the node's own mean and deviation does not count as learned for the node.",
        f"95 % interval: the wider of those over seeds and over blocks of {BLOCK_DAYS} days.",
    ]
    if silent:
        notes.append(f"{UNKNOWN}: not declared by the plug-in: {', '.join(silent)}.")
    return Table("information", caption, columns, rows, notes)


def seen_by(model: str, models: Mapping[str, Any]) -> frozenset[Information] | None:
    """What a model or baseline of the study sees; None if its plug-in is unknown here or does not declare it."""
    block = models.get(model)
    if block is not None:
        known = block["form"] in plugins.names("family")
        return information_of(read_model(block)) if known else None
    return information_of_baseline(model) if model in plugins.names("baseline") else None


def _mark(what: Information, seen: frozenset[Information] | None, shuffled: bool) -> Cell:
    if seen is None:
        return Cell(UNKNOWN)
    if what not in seen:
        return Cell(MISSING)
    return Cell("shuffled" if shuffled and what == Information.NEIGHBOURS else CHECK)


def _make(inputs: Inputs) -> Table:
    return information_table(decisions_of(inputs).frame, inputs.parameter("models") or {}, inputs.unit)


TABLE = TablePart(
    message="Make the table of information",
    caption="What each model sees, beside its test error.",
    inputs=("days", "frontier", "panel"),
    parameters=("models", "controls"),
    make=_make,
)
