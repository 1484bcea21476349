"""Carbon intensity of each run, by the source in the configuration."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.config.energy.carbon import HourlyIntensity, IntensitySource, LiveIntensity, PanelIntensity
from wattshed.config.energy.places import regions
from wattshed.energy.carbon.carbon import Intensity, Location, yearly_intensity
from wattshed.energy.carbon.electricity_maps import API, KEY, Unreachable, electricity_maps_series
from wattshed.energy.carbon.intensity_series import IntensitySeries, read_series
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

HOURS_PER_YEAR = 8760
DAY_S = 24 * HOUR_S
# For tests and mirrors. The key is sent there, so a study's configuration cannot set it.
API_VARIABLE = "WATTSHED_ELECTRICITY_MAPS_API"


@dataclass(frozen=True)
class RunIntensities:
    """Per run: intensity [kg/kWh], NaN where unknown, and its source."""

    kg_per_kwh: np.ndarray
    source: np.ndarray


@dataclass(frozen=True)
class _Spans:
    """Seconds since 1970 between which each run drew power: its last attempt, and what came before it."""

    first_s: np.ndarray
    first_end_s: np.ndarray
    last_s: np.ndarray
    last_end_s: np.ndarray


def stated_intensities(runs: pd.DataFrame) -> RunIntensities:
    """The yearly factor of the place that each run itself states."""
    columns = runs[["country_iso", "region"]]
    keys = pd.MultiIndex.from_frame(columns.astype("object").where(columns.notna(), None))
    codes, distinct = keys.factorize()
    found = [yearly_intensity(_stated(country, region)) for country, region in distinct]
    kg = np.array([np.nan if f.kg_per_kwh is None else f.kg_per_kwh for f in found])
    source = np.array([f.source for f in found], dtype=object)
    return RunIntensities(kg[codes], source[codes])


def study_intensities(
    runs: pd.DataFrame, block: IntensitySource, location: Location, panel_series: IntensitySeries | None
) -> RunIntensities:
    """Intensities by the study's own source; a run that it does not cover has none, or that of the fallback.

    Raises :class:`Fault` if the source is unavailable and no fallback is configured.
    """
    yearly = yearly_intensity(location)
    if yearly.kg_per_kwh is None or block.kind == "yearly":
        return _flat(yearly, len(runs))
    spans = _spans(runs)
    fallback = "none" if isinstance(block, PanelIntensity) else block.fallback
    try:
        series = _series(block, panel_series, spans)
    except Unreachable as reason:
        if fallback == "none":
            raise Fault(
                f"energy.carbon.intensity: {reason}; set {KEY}, or fallback: yearly to use that instead."
            ) from reason
        found, why = _flat(Intensity(None, ""), len(runs)), str(reason)
    else:
        if isinstance(block, PanelIntensity):
            series, spans = _in_the_panels_year(series, spans)
        found = RunIntensities(_means(series, spans), np.full(len(runs), series.source, dtype=object))
        why = f"outside of {series.source}"
    out = np.isnan(found.kg_per_kwh)
    found.source[out] = why
    if fallback != "none" and out.any():
        recorded = block.fallback_series if isinstance(block, LiveIntensity) else None
        other = (
            study_intensities(runs[out], recorded, location, None)
            if recorded
            else _flat(yearly, int(out.sum()))
        )
        found.kg_per_kwh[out], found.source[out] = other.kg_per_kwh, other.source + f" ({why})"
    return found


def _flat(intensity: Intensity, n: int) -> RunIntensities:
    kg = np.nan if intensity.kg_per_kwh is None else intensity.kg_per_kwh
    return RunIntensities(np.full(n, kg), np.full(n, intensity.source, dtype=object))


def _stated(country: object, region: object) -> Location:
    if not isinstance(country, str):
        return Location(None, None)
    if isinstance(region, str) and region.lower() in regions(country):
        return Location(country, region.lower())
    # CodeCarbon states a region for every country; most regions have no factor of their own.
    return Location(country, None)


def _spans(runs: pd.DataFrame) -> _Spans:
    """Attempts between the first and the last count as directly after the first: the frame lacks their times."""
    first_s, last_s = (_seconds(runs[name]) for name in ("began_utc", "last_began_utc"))
    duration_s = runs["duration_s"].to_numpy(dtype=np.float64)
    last_duration_s = runs["last_duration_s"].to_numpy(dtype=np.float64)
    return _Spans(first_s, first_s + duration_s - last_duration_s, last_s, last_s + last_duration_s)


def _seconds(utc: pd.Series) -> np.ndarray:
    times = pd.to_datetime(utc, utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return np.where(times.isna(), np.nan, times.astype("int64").to_numpy() / 1e9)


def _means(series: IntensitySeries, spans: _Spans) -> np.ndarray:
    first = series.mean_kg_per_kwh(spans.first_s, spans.first_end_s)
    last = series.mean_kg_per_kwh(spans.last_s, spans.last_end_s)
    before_s, after_s = spans.first_end_s - spans.first_s, spans.last_end_s - spans.last_s
    resumed, ran = before_s > 1e-6, after_s > 1e-6
    share = after_s / np.where(resumed & ran, before_s + after_s, 1.0)
    mixed: np.ndarray = np.where(resumed, np.where(ran, (1 - share) * first + share * last, first), last)
    return mixed


def _series(block: IntensitySource, panel_series: IntensitySeries | None, spans: _Spans) -> IntensitySeries:
    if isinstance(block, HourlyIntensity):
        return read_series(block.path, block.time_column, block.intensity_column)
    if isinstance(block, LiveIntensity):
        api = os.environ.get(API_VARIABLE, API)
        return electricity_maps_series(block.zone, _days(spans), Path(block.cache_folder), api)
    if panel_series is None:
        raise Fault(
            "energy.carbon.intensity: this panel has no carbon intensity; expected a source that has one (homes, "
            "nations), or kind yearly."
        )
    return panel_series


def _days(spans: _Spans) -> set[date]:
    """UTC days during which any run drew power."""
    days: set[int] = set()
    for start_s, end_s in ((spans.first_s, spans.first_end_s), (spans.last_s, spans.last_end_s)):
        known = np.isfinite(start_s) & np.isfinite(end_s)
        begin = np.floor(start_s[known] / DAY_S).astype(int)
        finish = np.maximum(np.ceil(end_s[known] / DAY_S).astype(int), begin + 1)
        for low, high in np.unique(np.stack([begin, finish], axis=1), axis=0):
            days.update(range(low, high))
    return {datetime.fromtimestamp(day * DAY_S, UTC).date() for day in days}


def _in_the_panels_year(series: IntensitySeries, spans: _Spans) -> tuple[IntensitySeries, _Spans]:
    """The series' first year (of 8,760 h), once more after its end, and the spans at the same hours of that year."""
    first = int(series.hours[0])
    year = series.hours < first + HOURS_PER_YEAR
    hours = np.concatenate([series.hours[year], series.hours[year] + HOURS_PER_YEAR])
    source = f"{series.source}, at the same hour of the year"
    again = IntensitySeries(hours, np.tile(series.g_per_kwh[year], 2), source)

    def moved(start_s: np.ndarray, end_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        begin = first * HOUR_S + (start_s - first * HOUR_S) % (HOURS_PER_YEAR * HOUR_S)
        return begin, begin + (end_s - start_s)

    return again, _Spans(*moved(spans.first_s, spans.first_end_s), *moved(spans.last_s, spans.last_end_s))
