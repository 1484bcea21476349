"""Mass of CO2e: energy times a named factor."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cache

from wattshed.config.energy.places import factor_table, regions

KG_PER_LB = 0.45359237
# responsibleproblemsolving/energy-usage, the table behind CodeCarbon's Canadian factors.
KG_PER_KWH = {"coal": 0.995725971, "petroleum": 0.8166885263, "naturalGas": 0.7438415916}


@dataclass(frozen=True)
class Location:
    """Place of a machine: ISO 3166 alpha-3 country and, in USA and CAN, a region in lower case."""

    country_iso: str | None
    region: str | None = None


@dataclass(frozen=True)
class Intensity:
    """Carbon intensity [kg CO2e per kWh] and its source; None if unknown."""

    kg_per_kwh: float | None
    source: str

    def co2e_kg(self, energy_kwh: float | None) -> float | None:
        """Mass [kg] for an energy [kWh]; None if either is unknown."""
        if energy_kwh is None or self.kg_per_kwh is None:
            return None
        return energy_kwh * self.kg_per_kwh


@cache
def yearly_intensity(location: Location) -> Intensity:
    """The yearly factor of a place, from the tables that CodeCarbon ships, read as data.

    An unknown place has no factor: CodeCarbon would take Quebec's 3.94 g or a world average of 475 g.
    Regions: USA from eGRID [lb/MWh], CAN from its provinces' mixes. Countries: Our World in Data's mix.
    """
    country, region = location.country_iso, location.region
    if country is None:
        return Intensity(None, "location unknown")
    entry = factor_table("global_energy_mix.json").get(country)
    if entry is None:
        return Intensity(None, f"no factor for {country}")
    if region is None:
        return _named(entry["carbon_intensity"] / 1000, country, entry["year"])
    if country == "USA" and region in regions(country):
        states = factor_table("2023/usa_emissions.json")
        year = states["_source"]["year"]
        return _named(states[region]["emissions"] * KG_PER_LB / 1000, f"USA/{region}", year)
    if country == "CAN" and region in regions(country):
        return _named(
            _mix_kg_per_kwh(factor_table("2023/canada_energy_mix.json")[region]), f"CAN/{region}", 2023
        )
    return Intensity(None, f"no factor for {country}/{region}")


def _named(kg_per_kwh: float, place: str, year: int) -> Intensity:
    version = importlib.metadata.version("codecarbon")
    return Intensity(kg_per_kwh, f"codecarbon {version} yearly mix {year}, {place}")


def _mix_kg_per_kwh(shares: dict[str, float]) -> float:
    """A province's mix by the direct emissions of its fossil fuels, as CodeCarbon weighs it."""
    return sum(shares[fuel] / shares["total"] * kg_per_kwh for fuel, kg_per_kwh in KG_PER_KWH.items())
