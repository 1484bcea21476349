"""Emission factors by place, compared with those that CodeCarbon computes from the same tables."""

import pytest

from wattshed.config.energy.places import countries, regions
from wattshed.energy.carbon.carbon import Intensity, Location, yearly_intensity


@pytest.fixture(scope="module")
def codecarbon():
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    emissions = Emissions(DataSource())

    def kg(country, region=None):
        place = GeoMetadata(country_iso_code=country, country_name=country, region=region)
        ask = emissions.get_region_emissions if region else emissions.get_country_emissions
        return ask(Energy.from_energy(kWh=1.0), place)

    return kg


def test_every_country_has_codecarbons_factor(codecarbon):
    assert len(countries()) > 200
    for country in countries():
        assert yearly_intensity(Location(country)).kg_per_kwh == pytest.approx(codecarbon(country), rel=1e-9)


@pytest.mark.parametrize("country", ["USA", "CAN"])
def test_every_region_has_codecarbons_factor(codecarbon, country):
    assert len(regions(country)) >= 13
    for region in regions(country):
        found = yearly_intensity(Location(country, region))
        assert found.kg_per_kwh == pytest.approx(codecarbon(country, region), rel=1e-9)
        assert found.source.endswith(f"{country}/{region}")


def test_the_source_of_a_factor_names_its_year_and_place():
    france = yearly_intensity(Location("FRA"))
    assert france.kg_per_kwh == pytest.approx(0.056, abs=1e-4)
    assert "2023" in france.source
    assert "FRA" in france.source


@pytest.mark.parametrize(
    ("location", "why"),
    [
        (Location(None), "location unknown"),
        (Location("ZZZ"), "no factor for ZZZ"),
        (Location("USA", "atlantis"), "no factor for USA/atlantis"),
        (Location("ESP", "madrid"), "no factor for ESP/madrid"),
        (Location("USA", "_unit"), "no factor for USA/_unit"),
    ],
)
def test_an_unknown_place_has_no_factor_and_no_mass(location, why):
    """For such a place CodeCarbon uses Quebec's 3.94 g or a world average of 475 g."""
    found = yearly_intensity(location)
    assert found == Intensity(None, why)
    assert found.co2e_kg(1.0) is None


def test_mass_is_energy_times_factor():
    assert Intensity(0.25, "named").co2e_kg(4.0) == 1.0
    assert Intensity(0.25, "named").co2e_kg(None) is None
