"""Readings in tests: of known times and values, as a file would give them, and the arrays made of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattshed.data.clock.reading import Instants
from wattshed.data.forms.readings import Readings
from wattshed.data.resampling.panel_arrays import panel_arrays

START_S = 1_600_000_000 // 86_400 * 86_400


def readings_of(
    values,
    resolution_s: int = 1800,
    *,
    seconds=None,
    nodes=None,
    node=None,
    kept=None,
    doubled=None,
    ends: bool = False,
    path: str = "panel.csv",
    start_s: int = START_S,
) -> Readings:
    """Readings of one file; values [R] with ``node`` codes, or [R, N]. Rows are numbered from 2."""
    values = np.asarray(values, dtype=np.float64)
    count = len(values)
    if node is None and values.ndim == 1:
        values = values[:, None]
    if seconds is None:
        seconds = start_s + resolution_s * np.arange(count)
    kept = np.ones(count, dtype=bool) if kept is None else np.asarray(kept)
    doubled = np.zeros(count, dtype=bool) if doubled is None else np.asarray(doubled)
    names = nodes or [f"n{place}" for place in range(values.shape[1] if node is None else max(node) + 1)]
    instants = Instants(np.asarray(seconds, dtype=np.int64), kept, doubled, resolution_s)
    return Readings(
        Path(path),
        "wide" if node is None else "long",
        list(names),
        None if node is None else np.asarray(node, dtype=np.int32),
        instants,
        values,
        range(2, count + 2),
        ends,
        (),
    )


@dataclass
class Keys:
    """Keys of the source about quantity, unit and step."""

    quantity: str | None = None
    unit: str = "kWh"
    panel_unit: str | None = None
    step_minutes: int = 60
    resolution: str | None = None
    longest_hold_s: float = 300.0
    timezone: str = "UTC"


def arrays_of(*parts, **keys):
    parts = list(parts)
    columns = [np.arange(len(part.nodes)) for part in parts]
    return panel_arrays(parts, columns, parts[0].nodes, Keys(**keys))
