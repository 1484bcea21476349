"""Test errors seen in several ways: on all nodes, without suspect nodes, and in parts of the calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.suspects import DAYTIME
from wattshed.data.windows import targets
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.vocabulary import Part

ALL, WITHOUT_SUSPECTS = "all", "without suspects"
# A part of the calendar with a shorter time of targets says more about its weather than about the models.
LEAST_HOURS = 72
# More months than this are shown as seasons.
MOST_MONTHS = 6
SEASONS = ("winter", "spring", "summer", "autumn")
WINDOWS_PER_BLOCK = 64
DAY_TYPES = {
    "model": "string",
    "seed": "int64",
    "part": "string",
    "day": "string",
    "squared": "float64",
    "absolute": "float64",
    "cells": "int64",
}


class Kind(StrEnum):
    """What a view leaves out."""

    ALL = "all"
    NODES = "nodes"
    CALENDAR = "calendar"


@dataclass(frozen=True)
class StepSums:
    """Sums over nodes of one model and seed, [B, H] each: squared and absolute errors, and observed cells."""

    squared: np.ndarray
    absolute: np.ndarray
    cells: np.ndarray


def sensitivity_frames(
    forecasts: Mapping[str, Path], panel: Panel, quality: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per model, seed and view, on observed cells of the test part; and errors by day without suspect nodes.

    forecasts: ``forecasts/{model}.safetensors`` by model; quality: ``quality.parquet``. Columns: ``model, seed, view,
    kind`` (:class:`Kind`), ``nodes, cells, squared, absolute`` (sums over the cells), ``rmse, mae`` (in the panel's
    unit). Views: ``all``; ``without suspects``, if some nodes are suspect and some are not; months of the local
    calendar, or seasons if there are more than six months; ``weekdays, weekends, daytime, night``. A view of fewer than
    72 hours of targets is left out.

    The second frame has the columns of ``accuracy/days.parquet``, and no row where the view ``without suspects`` has
    none.
    """
    keep = ~np.isin(panel.node_names, quality.loc[quality["suspect_reason"].notna(), "node"].to_numpy(str))
    rows: list[dict[str, Any]] = []
    days = [pd.DataFrame(columns=list(DAY_TYPES)).astype(DAY_TYPES)]
    for model, path in forecasts.items():
        made = Forecasts.read(path)
        steps = made.origins[:, None] + np.arange(made.values.shape[2])[None, :]
        parts = calendar_parts(panel, steps)
        for seed, values in zip(made.seeds, made.values, strict=True):
            one: dict[str, Any] = {"model": model, "seed": seed}
            every, trusted = _sums_by_step(values, made.origins, panel, keep)
            rows.append(one | _row(ALL, Kind.ALL, every, len(keep)))
            if keep.any() and not keep.all():
                rows.append(one | _row(WITHOUT_SUSPECTS, Kind.NODES, trusted, int(keep.sum())))
                by_day = _by_day(trusted, panel.local_times[made.origins])
                days.append(by_day.assign(**one, part=str(Part.TEST))[list(DAY_TYPES)].astype(DAY_TYPES))
            rows += [
                one | _row(name, Kind.CALENDAR, every, len(keep), inside) for name, inside in parts.items()
            ]
    frame = pd.DataFrame(rows).astype({"cells": "int64", "nodes": "int64"})
    return frame, pd.concat(days, ignore_index=True)


def calendar_parts(panel: Panel, steps: np.ndarray) -> dict[str, np.ndarray]:
    """Which of the target steps [B, H] lie in each part of the local calendar, by the part's name."""
    local = panel.local_times
    month = np.asarray(local.strftime("%Y-%m"))
    present = sorted(set(month[np.unique(steps)]))
    names: list[str] = present
    label = month
    if len(present) > MOST_MONTHS:
        label = np.asarray(SEASONS)[local.month.to_numpy() % 12 // 3]
        names = [season for season in SEASONS if season in set(label[np.unique(steps)])]
    weekend = local.day_of_week.to_numpy() >= 5
    hour = local.hour.to_numpy()
    daytime = (hour >= DAYTIME[0]) & (hour < DAYTIME[1])
    parts = {name: label == name for name in names} if len(names) > 1 else {}
    parts |= {"weekdays": ~weekend, "weekends": weekend, "daytime": daytime, "night": ~daytime}
    return {
        name: inside[steps]
        for name, inside in parts.items()
        if np.unique(steps[inside[steps]]).size >= LEAST_HOURS * panel.steps_per_hour
    }


def _sums_by_step(
    values: np.ndarray, origins: np.ndarray, panel: Panel, keep: np.ndarray
) -> tuple[StepSums, StepSums]:
    """Sums over all nodes, and over those to keep; values: [B, H, N]. In blocks, so that large panels fit."""
    horizon = values.shape[1]
    blocks: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for start in range(0, len(origins), WINDOWS_PER_BLOCK):
        part = slice(start, start + WINDOWS_PER_BLOCK)
        seen = targets(panel.observed, origins[part], horizon)
        truth = targets(panel.values, origins[part], horizon)
        error = np.where(seen, values[part] - truth, 0).astype(np.float64)
        for found, nodes in zip(blocks, (np.ones_like(keep), keep), strict=True):
            chosen = error[:, :, nodes]
            sums = (np.square(chosen), np.abs(chosen), seen[:, :, nodes])
            found.append(np.stack([each.sum(axis=2) for each in sums]))
    every, trusted = (StepSums(*np.concatenate(found, axis=1)) for found in blocks)
    return every, trusted


def _by_day(sums: StepSums, starts: pd.DatetimeIndex) -> pd.DataFrame:
    """Sums of all windows that start on the same local day; starts: of the windows [B]."""
    columns = {
        "day": starts.strftime("%Y-%m-%d"),
        "squared": sums.squared.sum(axis=1),
        "absolute": sums.absolute.sum(axis=1),
        "cells": sums.cells.sum(axis=1),
    }
    by_day = pd.DataFrame(columns).groupby("day", as_index=False).sum()
    return by_day[by_day["cells"] > 0]


def _row(
    view: str, kind: Kind, sums: StepSums, nodes: int, inside: np.ndarray | None = None
) -> dict[str, Any]:
    chosen = np.ones(sums.cells.shape, dtype=bool) if inside is None else inside
    cells = sums.cells[chosen].sum()
    squared, absolute = float(sums.squared[chosen].sum()), float(sums.absolute[chosen].sum())
    return {
        "view": view,
        "kind": str(kind),
        "nodes": nodes,
        "cells": int(cells),
        "squared": squared,
        "absolute": absolute,
        "rmse": np.sqrt(squared / cells) if cells else np.nan,
        "mae": absolute / cells if cells else np.nan,
    }
