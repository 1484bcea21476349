"""Mass of CO2e, water and embodied carbon from energy; every factor is named."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.emissions.run_intensity import stated_intensities, study_intensities
from wattshed.accounts.marks.flags import CHANGED_GRID, UNKNOWN_LOCATION, add_flag
from wattshed.accounts.runs.basis import LEDGER
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.data.panel import Panel
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.carbon.intensity_series import IntensitySeries, checked_series
from wattshed.foundation.hours import HOUR_S


def add_emissions(
    runs: pd.DataFrame,
    carbon: CarbonBlock,
    location: Location,
    panel_series: IntensitySeries | None = None,
) -> pd.DataFrame:
    """The runs with ``facility_kwh, intensity_g_per_kwh, co2e_source, co2e_kg, co2e_net_kg, water_l, embodied_kg`` and
    the place of their factor, ``place_iso, place_region``.

    Runs of this study's ledgers take the study's place and intensity source. Other runs take the yearly factor of the
    country that they state, and have no water and no embodied carbon. Mass is the energy attributed to the run x PUE
    x intensity; net mass that of its share of the energy above idle. An unknown place gives no mass. Power counts as
    constant over a run. panel_series: needed by ``panel``.
    """
    frame = runs.copy()
    ours = (frame["origin"] == LEDGER).to_numpy(dtype=bool)
    found = stated_intensities(frame)
    unknown = np.isnan(found.kg_per_kwh)
    if ours.any():
        study = study_intensities(frame[ours], carbon.intensity, location, panel_series)
        found.kg_per_kwh[ours], found.source[ours] = study.kg_per_kwh, study.source
        unknown[ours] = yearly_intensity(location).kg_per_kwh is None
    frame["facility_kwh"] = frame["attributed_kwh"] * carbon.pue
    frame["intensity_g_per_kwh"] = 1000 * found.kg_per_kwh
    frame["co2e_source"] = pd.array(found.source, dtype="string")
    frame["co2e_kg"] = frame["facility_kwh"] * found.kg_per_kwh
    frame["co2e_net_kg"] = _net_kwh(frame) * carbon.pue * found.kg_per_kwh
    water = frame["facility_kwh"] * (carbon.water_l_per_kwh or np.nan)
    making_kg_per_h = (
        carbon.embodied_kg / carbon.lifetime_h if carbon.embodied_kg and carbon.lifetime_h else np.nan
    )
    frame["water_l"] = water.where(ours)
    frame["embodied_kg"] = (frame["duration_s"] / HOUR_S * making_kg_per_h).where(ours)
    frame["place_iso"] = frame["country_iso"].astype("string").mask(ours, location.country_iso)
    frame["place_region"] = frame["region"].astype("string").mask(ours, location.region)
    frame["flags"] = add_flag(frame["flags"], unknown, UNKNOWN_LOCATION)
    frame["flags"] = add_flag(frame["flags"], ours & _moved(frame, location), CHANGED_GRID)
    return frame


def add_own_emissions(runs: pd.DataFrame, carbon: CarbonBlock) -> pd.DataFrame:
    """As :func:`add_emissions`, each run by the place that it states itself."""
    places = (
        runs[["country_iso", "region"]].astype("object").where(runs[["country_iso", "region"]].notna(), None)
    )
    parts = [
        add_emissions(runs.loc[group.index], carbon, Location(country, region))
        for (country, region), group in places.groupby(["country_iso", "region"], dropna=False, sort=False)
        for country, region in [(_or_none(country), _or_none(region))]
    ]
    return pd.concat(parts).sort_index()


def _or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def panel_intensity(path: Path) -> IntensitySeries | None:
    """The panel's own hourly series, the mean over the steps of an hour; None if it has none."""
    panel = Panel.read(path)
    if panel.intensity_g_per_kwh is None:
        return None
    times = pd.Series(pd.DatetimeIndex(panel.times))
    utc = times.dt.tz_localize("UTC") if times.dt.tz is None else times
    known = pd.Series(panel.intensity_g_per_kwh)
    if panel.steps_per_hour > 1:
        known = known.groupby(utc.dt.floor("h")).mean()
        utc, known = pd.Series(known.index), known.reset_index(drop=True)
    return checked_series(utc, known, f"of panel {panel.source}", str(path))


def _net_kwh(runs: pd.DataFrame) -> pd.Series:
    """The machine's energy above idle [kWh] attributed to each run; on a shared machine in proportion to its share."""
    if "net_kwh" not in runs:
        return pd.Series(np.nan, index=runs.index)
    share = runs["machine_attributed_kwh"] / runs["machine_kwh"]
    return runs["net_kwh"] * np.where(runs["machine_attributed_kwh"] == runs["machine_kwh"], 1.0, share)


def _moved(runs: pd.DataFrame, location: Location) -> np.ndarray:
    """Runs that state another place than the study's."""
    country = (runs["country_iso"] != location.country_iso).to_numpy(dtype=bool, na_value=False)
    region = (runs["region"].fillna("") != (location.region or "")).to_numpy(dtype=bool)
    stated: np.ndarray = runs["country_iso"].notna().to_numpy(dtype=bool)
    return stated & (country | region)
