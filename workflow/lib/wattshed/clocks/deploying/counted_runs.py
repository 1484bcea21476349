"""Which runs of a recording are compared with another: those that the choice of a clock would count."""

from dataclasses import dataclass

import pandas as pd

from wattshed.clocks.contamination.cold_first_run import slow_first_setting
from wattshed.clocks.contamination.marks import marks
from wattshed.clocks.validating.raw_rows import RawRows, raw_rows

REASONS = ("cold", "hot")


@dataclass(frozen=True)
class CountedRuns:
    """The runs of one GPU, workload and knob. ``cold`` and ``hot``: warm, valid runs that do not count."""

    raw: RawRows
    cold: pd.DataFrame
    hot: pd.DataFrame

    @property
    def settings(self) -> set[int]:
        """Settings with runs that count."""
        return {int(one) for one in self.raw.rows["setting"].unique()}

    def at(self, setting: int) -> pd.DataFrame:
        return self.raw.at(setting)

    def measured_at(self, setting: int) -> bool:
        """Whether there are warm, valid runs, counted or not."""
        return any((rows["setting"] == setting).any() for rows in (self.raw.rows, self.cold, self.hot))

    def set_aside(self, setting: int | None = None) -> dict[str, int]:
        """How many runs do not count, by reason; of one setting, or of all."""
        return {
            reason: int(len(rows) if setting is None else (rows["setting"] == setting).sum())
            for reason, rows in (("cold", self.cold), ("hot", self.hot))
        }


def counted_runs(rows: pd.DataFrame) -> CountedRuns | None:
    """Sort out the runs of one cell (``clocks.runs.COLUMNS``); None where no run is warm and valid.

    Cold and hot runs are those of :func:`~wattshed.clocks.contamination.marks.marks`. Where the whole first setting is
    cold, as in a sweep that began with a download, all of its runs are. Unlike in a choice, the first runs of a sweep
    from one end to the other count if they are not cold: a recording of two settings may hold no others.
    """
    raw = raw_rows(rows.reset_index(drop=True), settling_rows=0)
    if raw is None or raw.rows.empty:
        return None
    marked = marks(raw.rows)
    cold, hot = marked["cold"], marked["hot"] & ~marked["cold"]
    rest = raw.rows[~cold & ~hot]
    if len(rest) and slow_first_setting(rest) is not None:
        first = rest.sort_values("order")["setting"].iloc[0]
        cold |= raw.rows["setting"] == first
        hot &= ~cold
    counted = RawRows(
        raw.rows[~cold & ~hot], raw.reference, raw.maximum, raw.measured, raw.interleaved, raw.set_aside
    )
    return CountedRuns(counted, raw.rows[cold], raw.rows[hot])
