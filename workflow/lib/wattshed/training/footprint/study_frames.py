"""What the memory levels of a study save and cost, as frames: one row per cell, and live bytes over a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.config.memory.study import BASE

TEXTS = (
    *("model", "form", "device", "level", "mechanisms", "left_out"),
    *("predicted_phase", "predicted_operation", "energy_status", "why_none"),
)
NUMBERS = (
    *("predicted_peak_bytes", "predicted_saved_bytes", "before_bytes"),
    *("measured_peak_bytes", "saved_bytes", "resident_rise_bytes"),
    *("step_s", "step_low_s", "step_high_s", "energy_j_per_step"),
    *("inference_s", "inference_low_s", "inference_high_s", "executed_share"),
)
# Each as a share of the plain step's of the same model, length and batch.
SHARES = {
    "predicted_peak_share": "predicted_peak_bytes",
    "measured_peak_share": "measured_peak_bytes",
    "saved_share": "saved_bytes",
    "step_share": "step_s",
    "energy_share": "energy_j_per_step",
}
CELL = ("model", "length", "batch")
COLUMNS = {
    **dict.fromkeys(TEXTS, "string"),
    "alone": "boolean",
    **dict.fromkeys(("length", "batch", "repeats"), "Int64"),
    **dict.fromkeys((*NUMBERS, *SHARES, "inference_speed_up"), "float64"),
}
TIMELINE = {
    **dict.fromkeys(("model", "level"), "string"),
    **dict.fromkeys(("length", "batch", "place"), "int64"),
    **dict.fromkeys(("phase", "operation"), "string"),
    "live_bytes": "int64",
}


def steps_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per model, length, batch and plan, with shares of the plain step of the same cell.

    rows: what is known of each; what is missing is null. Columns: :data:`COLUMNS`. ``level`` is a level's name, or that
    of a mechanism where ``alone`` is true; bytes, seconds and joules are of one step, ``inference_s`` of the forward
    pass of one batch without gradients; ``before_bytes`` is what a step finds: weights, optimiser, batch and the data
    on the device; ``low`` and ``high`` are the 2.5 and 97.5 % quantiles of the repeats; ``why_none`` says why a row was
    not measured, or cannot be.
    """
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS)).astype(COLUMNS)
    keys = list(CELL)
    bases = frame[(frame["level"] == BASE) & ~frame["alone"].fillna(False)].drop_duplicates(keys)
    base = frame[keys].merge(bases[[*keys, *SHARES.values(), "inference_s"]], on=keys, how="left")
    for share, column in SHARES.items():
        # A base of 0 has no share.
        frame[share] = frame[column] / base[column].where(base[column] > 0)
    frame["inference_speed_up"] = base["inference_s"] / frame["inference_s"].where(frame["inference_s"] > 0)
    return frame


def timeline_frame(
    lives: Iterable[tuple[Mapping[str, Any], Sequence[tuple[str, str, int]]]],
) -> pd.DataFrame:
    """Live bytes after each operation of a step: ``model, level, length, batch, place, phase, operation, live_bytes``.

    lives: of each model and level the keys of its rows, and phase, operation and live bytes in order.
    """
    rows = [
        {**about, "place": place, "phase": phase, "operation": operation, "live_bytes": live}
        for about, points in lives
        for place, (phase, operation, live) in enumerate(points)
    ]
    return pd.DataFrame(rows, columns=list(TIMELINE)).astype(TIMELINE)
