"""The phases of a power log: which phase the GPU was in, and from when to when."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wattshed.clocks.phases.hysteresis import Hysteresis
from wattshed.clocks.phases.rule import UNKNOWN, PhaseRule, require_columns
from wattshed.clocks.phases.shares import require_shares
from wattshed.clocks.phases.windows import KEYS, keys_of, recorded_columns, window_medians

# What phases.parquet holds; start_s and end_s count from the log's first sample. power_w: median over the phase.
COLUMNS = (*KEYS, "start_s", "end_s", "phase", "rule", "windows", "power_w")


def detect_phases(
    samples: pd.DataFrame, rule: PhaseRule, window_s: float, hysteresis_windows: int, where: str = "samples"
) -> pd.DataFrame:
    """One row per phase, GPU and workload, with :data:`COLUMNS`.

    A phase begins with the first of the windows that confirmed it. It ends where the next one begins, or where samples
    are missing: what happened in a gap is not known.
    Raises :class:`Fault` where columns are missing, are not shares, or where the log has no times.
    """
    require_columns(rule, recorded_columns(samples), where)
    require_shares(samples, rule.uses, where)
    windows = window_medians(samples, [name for name in rule.uses if name in samples], window_s, where)
    keys = keys_of(samples)
    rows: list[dict[str, Any]] = []
    for _, own in windows.groupby(keys, dropna=False, sort=False):
        for part in _without_gaps(own):
            rows += _phases_of(part, rule, hysteresis_windows, keys)
    return pd.DataFrame(rows).reindex(columns=list(COLUMNS))


def confirmed_phases(raw: Sequence[str], hysteresis_windows: int) -> list[str]:
    """The phase of each window, dated back to the first window that spoke for it."""
    hysteresis = Hysteresis()
    confirmed: list[str] = []
    for place, phase in enumerate(raw):
        before = hysteresis.phase
        now = hysteresis.see(phase, hysteresis_windows)
        if now != before:
            first = place if before == UNKNOWN else place - hysteresis_windows + 1
            confirmed[first:] = [now] * (place - first)
        confirmed.append(now)
    return confirmed


def _without_gaps(windows: pd.DataFrame) -> list[pd.DataFrame]:
    breaks = np.flatnonzero(np.diff(windows["window"].to_numpy()) > 1) + 1
    return [windows.iloc[part] for part in np.split(np.arange(len(windows)), breaks)]


def _phases_of(
    windows: pd.DataFrame, rule: PhaseRule, hysteresis_windows: int, keys: list[str]
) -> list[dict[str, Any]]:
    columns = [name for name in rule.uses if name in windows]
    raw = [
        rule.phase_of(dict(zip(columns, row, strict=True)))
        for row in windows[columns].itertuples(index=False, name=None)
    ]
    phases = pd.Series(confirmed_phases(raw, hysteresis_windows), index=windows.index)
    rows = []
    for _, part in windows.groupby((phases != phases.shift()).cumsum()):
        first = part.iloc[0]
        rows.append(
            {key: first[key] for key in keys}
            | {
                "start_s": float(first["start_s"]),
                "end_s": float(part["end_s"].iloc[-1]),
                "phase": phases[part.index[0]],
                "rule": rule.name,
                "windows": len(part),
                "power_w": float(part["power_w"].median()) if "power_w" in part else float("nan"),
            }
        )
    return rows
