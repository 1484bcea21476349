"""What memory levels saved and what that cost, in plain sentences, and how far off the predictions were."""

from typing import Any

import pandas as pd

from wattshed.config.memory.study import BASE
from wattshed.foundation.vocabulary import Status
from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.publish.notes.memory_levels import CELL
from wattshed.publish.typesetting.table import plain

NONE = "No cell of the memory levels was measured; their peaks are predictions."


def memory_sentences(steps: pd.DataFrame) -> list[str]:
    """For each model what its levels save at its longest measured cell, and the error of all predictions.

    steps: ``memory/steps.parquet``.
    """
    levels = steps[~steps["alone"].fillna(False)]
    measured = levels[levels["measured_peak_bytes"].notna()]
    if measured.empty:
        return [NONE]
    found = [_of_model(str(model), rows) for model, rows in measured.groupby("model", sort=False)]
    return [*filter(None, found), _predicted(measured), *_left(levels)]


def _of_model(model: str, rows: pd.DataFrame) -> str:
    """All levels of the model's largest cell against its plain step."""
    own = rows[rows["level"] != BASE].dropna(subset=["measured_peak_share"])
    if own.empty:
        return ""
    last = own.sort_values(["length", "batch"]).iloc[-1]
    at = own[(own["length"] == last["length"]) & (own["batch"] == last["batch"])]
    base = megabytes_text(last["measured_peak_bytes"] / last["measured_peak_share"])
    parts = [_level(row) for row in at.to_dict("records")]
    return (
        f"{model} at length {last['length']} and batch {last['batch']}: of the plain step's peak of "
        f"{base} MB, {'; '.join(parts)}."
    )


def _level(row: dict[Any, Any]) -> str:
    text = f"{row['level']} takes {plain(100 * row['measured_peak_share'], 0)} %"
    costs = [
        f"{plain(100 * row[column], 0)} % of {of}"
        for column, of in (("step_share", "its time"), ("energy_share", "its energy"))
        if pd.notna(row[column])
    ]
    estimated = str(row["energy_status"]).startswith(Status.ESTIMATED) and len(costs) > 1
    return f"{text} at {' and '.join(costs)}{' (estimated)' if estimated else ''}" if costs else text


def _predicted(measured: pd.DataFrame) -> str:
    off = (measured["predicted_peak_bytes"] / measured["measured_peak_bytes"] - 1).abs().dropna()
    if off.empty:
        return "No measured peak has a prediction."
    return (
        f"Predicted peaks were off by {plain(100 * off.mean(), 1)} % on the mean and {plain(100 * off.max(), 1)} % at "
        f"most, over {len(off)} steps."
    )


def _left(levels: pd.DataFrame) -> list[str]:
    cells = levels[levels["measured_peak_bytes"].isna()].groupby(list(CELL), observed=True).ngroups
    if not cells:
        return []
    return [f"{cells} {'cell has' if cells == 1 else 'cells have'} predictions alone in part or in whole."]
