"""An hourly series of carbon intensity, and its mean over any span of time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# No grid is above this: pure lignite is below 1,300 g.
MOST_G_PER_KWH = 3000.0
YEARS = (1970, 2200)


@dataclass(frozen=True)
class IntensitySeries:
    """Intensity hour by hour.

    hours: int64 [H], whole hours since 1970 in UTC, rising, gaps allowed; g_per_kwh: float64 [H];
    source: named in the results.
    """

    hours: np.ndarray
    g_per_kwh: np.ndarray
    source: str

    def mean_kg_per_kwh(self, start_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        """Time-weighted mean [kg/kWh] over each span, partial hours included.

        start_s, end_s: float64 [n], seconds since 1970 in UTC. NaN if an hour of the span is not in the series.
        """
        import numpy as np

        start_s, end_s = np.asarray(start_s, dtype=np.float64), np.asarray(end_s, dtype=np.float64)
        first = int(self.hours[0])
        length = int(self.hours[-1]) - first + 1
        dense = np.full(length, np.nan)
        dense[self.hours - first] = self.g_per_kwh
        gaps = np.concatenate([[0], np.cumsum(np.isnan(dense))])
        summed = np.concatenate([[0.0], np.cumsum(np.nan_to_num(dense))])
        begin, finish = start_s / HOUR_S - first, end_s / HOUR_S - first
        inside = (begin >= 0) & (finish <= length) & np.isfinite(begin) & np.isfinite(finish)
        low, high = np.where(inside, begin, 0.0), np.where(inside, finish, 0.0)
        first_hour = np.minimum(np.floor(low).astype(int), length - 1)
        after_last = np.maximum(np.ceil(high).astype(int), first_hour + 1)
        whole = gaps[after_last] == gaps[first_hour]
        edges = np.arange(length + 1)
        area = np.interp(high, edges, summed) - np.interp(low, edges, summed)
        # A moment has the intensity of its hour.
        moment = high - low < 1e-9
        mean = np.where(moment, np.nan_to_num(dense)[first_hour], area / np.where(moment, 1.0, high - low))
        return np.where(inside & whole, mean / 1000, np.nan)

    def emissions_kg(self, at_s: np.ndarray, kwh: np.ndarray) -> float | None:
        """Mass [kg] of energy read at points in time, each piece by the intensity of the hours in which it was drawn.

        at_s: float64 [n], seconds since 1970 in UTC, not falling; kwh: float64 [n], cumulative. Power counts as
        constant between two points. None if any energy was drawn outside of the series. Raises :class:`Fault`
        if a time or an energy falls.
        """
        import numpy as np

        at_s, kwh = np.asarray(at_s, dtype=np.float64), np.asarray(kwh, dtype=np.float64)
        if at_s.ndim != 1 or at_s.shape != kwh.shape or len(at_s) < 2:
            raise Fault(
                f"energy points have shapes {at_s.shape} and {kwh.shape}: expected as many times as energies, at "
                "least two; read the ledger's ticks again."
            )
        drawn_kwh = np.diff(kwh)
        # Written so that NaN counts as wrong.
        back = ~((np.diff(at_s) >= 0) & (drawn_kwh >= 0))
        if back.any():
            raise Fault(
                f"energy point {int(back.argmax()) + 2} lies before the previous one or is not a number: expected "
                "times and cumulative energies that never fall; check the ledger."
            )
        used = drawn_kwh > 0
        kg = drawn_kwh[used] * self.mean_kg_per_kwh(at_s[:-1][used], at_s[1:][used])
        return None if np.isnan(kg).any() else float(kg.sum())


def read_series(path: Path | str, time_column: str, intensity_column: str) -> IntensitySeries:
    """A series from Parquet or CSV. Raises :class:`Fault` naming the file and the row that is wrong."""
    import pandas as pd

    place = Path(path)
    if not place.is_file():
        raise Fault(
            f"{place} does not exist: expected a Parquet or CSV file of hourly carbon intensity; correct the path."
        )
    try:
        frame = pd.read_csv(place) if place.suffix == ".csv" else pd.read_parquet(place)
    except (OSError, ValueError) as error:
        raise Fault(
            f"{place} cannot be read ({_first_line(error)}): expected Parquet or CSV; export it again."
        ) from error
    for name in (time_column, intensity_column):
        if name not in frame:
            raise Fault(
                f"{place} has no column {name!r}, only {', '.join(map(str, frame.columns[:8]))}: name it in "
                "energy.carbon.intensity."
            )
    try:
        column: pd.Series = frame[time_column]
        times: pd.Series = pd.to_datetime(column, format=None if column.dtype.kind == "M" else "ISO8601")
    except (ValueError, TypeError) as error:
        raise Fault(
            f"{place}, column {time_column!r} holds no times ({_first_line(error)}): expected UTC hours; "
            "correct the file."
        ) from error
    _refuse(times.isna().to_numpy(), place, times, "holds no time: expected a UTC hour")
    if times.dt.tz is None:
        raise Fault(
            f"{place}, column {time_column!r} has times without an offset: expected UTC, such as 2020-01-01T00:00Z."
        )
    return checked_series(times, frame[intensity_column], f"{place.name}, {intensity_column}", str(place))


def checked_series(times: pd.Series, g_per_kwh: pd.Series, source: str, place: str) -> IntensitySeries:
    """A series whose hours are whole, rising and unique and whose intensities are plausible; nulls are gaps."""
    import numpy as np
    import pandas as pd

    utc = times.dt.tz_convert("UTC")
    seconds = utc.astype("datetime64[s, UTC]").astype("int64").to_numpy()
    values = pd.to_numeric(g_per_kwh, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(np.isnan(values) & g_per_kwh.notna().to_numpy(), place, utc, "is not a number: expected g/kWh")
    outside = ~utc.dt.year.between(*YEARS).to_numpy()
    _refuse(outside, place, utc, f"is not between {YEARS[0]} and {YEARS[1]}: check the column")
    _refuse(seconds % HOUR_S != 0, place, utc, "is not a whole hour: expected one row per hour")
    order = np.argsort(seconds, kind="stable")
    twice = np.zeros(len(seconds), dtype=bool)
    twice[order[1:]] = np.diff(seconds[order]) == 0
    _refuse(twice, place, utc, "occurs twice: expected one row per hour")
    absurd = (values < 0) | (values > MOST_G_PER_KWH)
    _refuse(absurd, place, utc, f"has no intensity between 0 and {MOST_G_PER_KWH:.0f} g/kWh: check its unit")
    known = order[~np.isnan(values[order])]
    if not len(known):
        raise Fault(f"{place} holds no intensity at all: expected numbers in g/kWh.")
    span = f"{utc.iloc[known[0]]:%Y-%m-%d} to {utc.iloc[known[-1]]:%Y-%m-%d}"
    return IntensitySeries(seconds[known] // HOUR_S, values[known], f"hourly series {source}, {span}")


def _refuse(wrong: np.ndarray, place: Path | str, times: pd.Series, what: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise Fault(f"{place}, row {row + 1} ({times.iloc[row]}) {what}.")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
