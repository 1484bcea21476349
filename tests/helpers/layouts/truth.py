"""What all made layouts share: readings in UTC, the truth that they add up to, and the comparison with a panel."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel

EUROPE = (("2021-03-27", "2021-03-30"), ("2021-10-30", "2021-11-02"))
AMERICA = (("2021-03-13", "2021-03-16"), ("2021-11-06", "2021-11-09"))


@dataclass(frozen=True)
class Layout:
    """Files of one layout and what they hold.

    heading: of the recipe in data/README.md. files: content by path, as the recipe names them.
    truth: DataFrame; its index holds the starts of steps (UTC), its columns are nodes; NaN where nothing was measured.
    """

    heading: str
    files: dict[str, bytes]
    truth: pd.DataFrame
    unit: str
    timezone: str

    def write(self, root: Path) -> None:
        for name, content in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)


def readings(
    zone: str, days: tuple[tuple[str, str], ...], minutes: int, nodes: list[str], size: float = 1.0
) -> pd.DataFrame:
    """Readings of whole local days; days: first day and the day after the last one, of each stretch.

    Index: UTC starts. Values have three decimals, follow the day and differ from one another: rows that are swapped
    or moved show.
    """
    stretches = [
        pd.date_range(
            pd.Timestamp(first, tz=zone).tz_convert("UTC"),
            pd.Timestamp(end, tz=zone).tz_convert("UTC"),
            freq=f"{minutes}min",
            inclusive="left",
        )
        for first, end in days
    ]
    times = stretches[0].append(stretches[1:])
    return pd.DataFrame(values_at(times, len(nodes), size), index=times, columns=nodes)


def values_at(times: pd.DatetimeIndex, count: int, size: float) -> np.ndarray:
    """float64 [R, count] with a course over the day and noise that is fixed by the time; three decimals."""
    seconds = times.as_unit("s").asi8[:, None]
    node = np.arange(count)
    noise = ((seconds // 60 + 7919 * node) * 2654435761 % 1000003) / 1000003
    day = 1 + 0.5 * np.sin(2 * np.pi * (seconds / 86400 - 0.3 - 0.05 * node))
    return np.round(size * (1 + 0.3 * node) * (0.2 + 0.6 * day + 0.4 * noise), 3)


def at_step(fine: pd.DataFrame, minutes: int, how: str = "sum", step_minutes: int = 60) -> pd.DataFrame:
    """Readings summed or averaged over steps; a step that is not observed whole is NaN."""
    each = step_minutes // minutes
    grouped = fine.groupby(fine.index.floor(f"{step_minutes}min"))
    whole = grouped.count() == each
    return (grouped.sum() if how == "sum" else grouped.mean()).where(whole)


def wall(times: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """What a clock on the wall shows; no zone attached."""
    return times.tz_convert(zone).tz_localize(None)


def ends(times: pd.DatetimeIndex, minutes: int) -> pd.DatetimeIndex:
    return times + pd.Timedelta(minutes=minutes)


def comma(value: float, decimals: int = 3) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")


def lines(rows: list[str], end: str = "\n") -> bytes:
    return (end.join(rows) + end).encode()


def assert_same(panel: Panel, layout: Layout, some_left_out: bool = False) -> None:
    """Every cell that was measured is read to float32 accuracy, and nothing else is observed.

    some_left_out: cells may be unobserved if a note of the panel says that readings were left out.
    """
    assert panel.unit == layout.unit
    assert panel.timezone == layout.timezone
    assert sorted(panel.node_names) == sorted(layout.truth.columns)
    read = pd.DataFrame(
        np.where(panel.observed, panel.values.astype(float), np.nan),
        index=pd.DatetimeIndex(panel.times).tz_localize("UTC"),
        columns=panel.node_names,
    )
    truth = layout.truth.copy()
    truth.index = truth.index.as_unit("s")
    both = read.index.as_unit("s").union(truth.index)
    read.index = read.index.as_unit("s")
    wrong = ~np.isclose(
        read.reindex(both)[truth.columns], truth.reindex(both), rtol=2e-6, atol=1e-9, equal_nan=True
    )
    if some_left_out and any("were left out" in note for note in panel.notes):
        wrong &= read.reindex(both)[truth.columns].notna().to_numpy()
    if wrong.any():
        row, column = (int(index[0]) for index in np.nonzero(wrong))
        time, node = both[row], truth.columns[column]
        found = read[node].get(time, "not in the panel")
        raise AssertionError(
            f"{layout.heading}: {wrong.sum()} cells differ, first {node} at {time}: read {found}, "
            f"true {truth[node].get(time, 'not measured')}"
        )
