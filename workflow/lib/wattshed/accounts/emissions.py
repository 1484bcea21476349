"""Energy into mass of CO2e, water and a share of the machine's making: every factor with its name."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.flags import CHANGED_GRID, UNKNOWN_LOCATION, add_flag
from wattshed.config.carbon import CarbonBlock, HourlyIntensity, LiveIntensity, PanelIntensity
from wattshed.data.panel import Panel
from wattshed.energy.carbon import Location, yearly_intensity
from wattshed.energy.electricity_maps import API, KEY, Unreachable, electricity_maps_series
from wattshed.energy.intensity_series import HOUR_S, IntensitySeries, checked_series, read_series
from wattshed.foundation.faults import Fault

LEDGER = "ledger"
HOURS_PER_YEAR = 8760
DAY_S = 24 * HOUR_S
# For tests and mirrors; the key goes with it, so it is no part of a study's configuration.
API_VARIABLE = "WATTSHED_ELECTRICITY_MAPS_API"


@dataclass(frozen=True)
class _Factors:
    """Per run: intensity [kg/kWh], NaN where unknown, and its source."""

    kg_per_kwh: np.ndarray
    source: np.ndarray


def add_emissions(
    runs: pd.DataFrame,
    carbon: CarbonBlock,
    location: Location,
    panel_series: IntensitySeries | None = None,
) -> pd.DataFrame:
    """The runs with ``facility_kwh, co2e_kg, intensity_g_per_kwh, co2e_source, water_l, embodied_kg``.

    Runs of this study's ledgers take the study's place and intensity source; foreign runs the yearly factor of
    the country that they state. Mass is the energy attributed to the run x PUE x intensity; an unknown place
    gives no mass. A run's energy is taken as spread evenly over its time. panel_series: needed by ``panel``.
    """
    frame = runs.copy()
    ours = (frame["origin"] == LEDGER).to_numpy()
    foreign = _yearly(frame)
    factors = foreign
    if ours.any():
        study = _of_study(frame[ours], carbon, location, panel_series)
        factors.kg_per_kwh[ours], factors.source[ours] = study.kg_per_kwh, study.source
    frame["facility_kwh"] = frame["attributed_kwh"] * carbon.pue
    frame["intensity_g_per_kwh"] = 1000 * factors.kg_per_kwh
    frame["co2e_source"] = pd.array(factors.source, dtype="string")
    frame["co2e_kg"] = frame["facility_kwh"] * factors.kg_per_kwh
    hours = frame["duration_s"] / HOUR_S
    frame["water_l"] = frame["facility_kwh"] * carbon.water_l_per_kwh if carbon.water_l_per_kwh else np.nan
    share = carbon.embodied_kg / carbon.lifetime_h if carbon.embodied_kg and carbon.lifetime_h else np.nan
    frame["embodied_kg"] = hours * share
    frame["flags"] = add_flag(frame["flags"], np.isnan(factors.kg_per_kwh), UNKNOWN_LOCATION)
    stated = frame["country_iso"].notna().to_numpy() & ours
    moved = stated & (
        (frame["country_iso"] != location.country_iso).to_numpy(dtype=bool, na_value=False)
        | (frame["region"].fillna("") != (location.region or "")).to_numpy(dtype=bool)
    )
    frame["flags"] = add_flag(frame["flags"], moved, CHANGED_GRID)
    return frame


def panel_intensity(path: Path) -> IntensitySeries | None:
    """The panel's own hourly series, or None where it carries none."""
    panel = Panel.read(path)
    if panel.intensity_g_per_kwh is None:
        return None
    times = pd.Series(pd.DatetimeIndex(panel.times))
    utc = times.dt.tz_localize("UTC") if times.dt.tz is None else times
    return checked_series(utc, pd.Series(panel.intensity_g_per_kwh), f"of panel {panel.source}", str(path))


def _yearly(runs: pd.DataFrame) -> _Factors:
    """The yearly factor of each run's own stated place."""
    place = (
        runs[["country_iso", "region"]].astype("object").where(runs[["country_iso", "region"]].notna(), None)
    )
    keys = pd.MultiIndex.from_frame(place)
    codes, distinct = keys.factorize()
    found = [yearly_intensity(_stated(country, region)) for country, region in distinct]
    kg = np.array([np.nan if f.kg_per_kwh is None else f.kg_per_kwh for f in found])
    source = np.array([f.source for f in found], dtype=object)
    return _Factors(kg[codes], source[codes])


def _stated(country: object, region: object) -> Location:
    if not isinstance(country, str):
        return Location(None, None)
    if country in ("USA", "CAN") and isinstance(region, str):
        return Location(country, region.lower())
    # CodeCarbon notes a region for every country; outside of those two it has no factor of its own.
    return Location(country, None)


def _of_study(
    runs: pd.DataFrame, carbon: CarbonBlock, location: Location, panel_series: IntensitySeries | None
) -> _Factors:
    block = carbon.intensity
    yearly = yearly_intensity(location)
    n = len(runs)
    if yearly.kg_per_kwh is None:
        return _Factors(np.full(n, np.nan), np.full(n, yearly.source, dtype=object))
    flat = _Factors(np.full(n, yearly.kg_per_kwh), np.full(n, yearly.source, dtype=object))
    if block.kind == "yearly":
        return flat
    began = pd.to_datetime(runs["started_utc"], utc=True, format="ISO8601")
    start_s = began.astype("datetime64[ns, UTC]").astype("int64").to_numpy() / 1e9
    end_s = start_s + runs["duration_s"].to_numpy(dtype=np.float64)
    try:
        series = _series(block, panel_series, start_s, end_s)
    except Unreachable as reason:
        if block.kind == "electricity_maps" and block.fallback == "yearly":
            return _Factors(flat.kg_per_kwh, np.full(n, f"{yearly.source} ({reason})", dtype=object))
        raise Fault(
            f"energy.carbon.intensity: {reason}; set {KEY}, or fallback: yearly to name that in its place."
        ) from reason
    if isinstance(block, PanelIntensity):
        start_s, end_s = _same_hour_of_year(series, start_s, end_s)
    hourly = series.mean_kg_per_kwh(start_s, end_s)
    source = np.full(n, series.source, dtype=object)
    outside = np.isnan(hourly)
    if getattr(block, "fallback", "none") == "yearly":
        hourly[outside] = yearly.kg_per_kwh
        source[outside] = f"{yearly.source} (outside of {series.source})"
    else:
        source[outside] = f"outside of {series.source}"
    return _Factors(hourly, source)


def _series(
    block: HourlyIntensity | PanelIntensity | LiveIntensity | object,
    panel_series: IntensitySeries | None,
    start_s: np.ndarray,
    end_s: np.ndarray,
) -> IntensitySeries:
    if isinstance(block, HourlyIntensity):
        return read_series(block.path, block.time_column, block.intensity_column)
    if isinstance(block, LiveIntensity):
        days = {
            datetime.fromtimestamp(day * DAY_S, UTC).date()
            for start, end in zip(start_s, end_s, strict=True)
            for day in range(int(start // DAY_S), int(end // DAY_S) + 1)
        }
        api = os.environ.get(API_VARIABLE, API)
        return electricity_maps_series(block.zone, days, Path(block.cache_folder), api)
    if panel_series is None:
        raise Fault(
            "energy.carbon.intensity: this panel carries no carbon intensity; expected a source that does (homes, "
            "nations), or kind yearly."
        )
    return panel_series


def _same_hour_of_year(
    series: IntensitySeries, start_s: np.ndarray, end_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times moved by whole years (of 8,760 h) into the series' first year, so that hour and season stay."""
    first_s = series.hours[0] * HOUR_S
    year_s = HOURS_PER_YEAR * HOUR_S
    moved = first_s + (start_s - first_s) % year_s
    return moved, moved + (end_s - start_s)
