"""A place that is not written as a code of its country is answered with the code that is meant."""

import pytest
from pydantic import ValidationError

from wattshed.config.energy.energy import EnergyBlock
from wattshed.config.energy.place_names import ALPHA_2, OTHER_CODES, OTHER_NAMES, REGIONS, meant_region
from wattshed.config.energy.places import countries, meant, meant_in, regions


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("DE", "DEU"),
        ("de", "DEU"),
        ("deu", "DEU"),
        ("GER", "DEU"),
        ("Germany", "DEU"),
        ("germany ", "DEU"),
        ("Germnay", "DEU"),
        ("Deutschland", "DEU"),
        ("de_DE", "DEU"),
        ("UK", "GBR"),
        ("U.K.", "GBR"),
        ("GB", "GBR"),
        ("England", "GBR"),
        ("United Kingdom", "GBR"),
        ("US", "USA"),
        ("us-ca", "USA"),
        ("en_GB", "GBR"),
        ("United States of America", "USA"),
        ("CH", "CHE"),
        ("SUI", "CHE"),
        ("España", "ESP"),
        ("Türkiye", "TUR"),
        ("Holland", "NLD"),
        ("South Korea", "KOR"),
        ("Czech Republic", "CZE"),
        ("Vietnam", "VNM"),
        ("fr", "FRA"),
    ],
)
def test_a_name_or_another_code_of_a_country_is_answered_with_its_code(written, code):
    with pytest.raises(ValidationError, match=rf"expected an ISO 3166 .* did you mean {code} \("):
        EnergyBlock(country_iso=written)


@pytest.mark.parametrize("written", ["Atlantis", "QQQ", "", "x" * 1000, "42", "\0"])
def test_nothing_is_suggested_for_a_word_that_is_near_no_country(written):
    assert meant(written) == ""


@pytest.mark.parametrize(
    ("country", "written", "region"),
    [
        ("USA", "CA", "california"),
        ("USA", "California", "california"),
        ("USA", "us-tx", "texas"),
        ("USA", "new-york", "new york"),
        ("USA", "Masachusetts", "massachusetts"),
        ("CAN", "QC", "quebec"),
        ("CAN", "Québec", "quebec"),
    ],
)
def test_a_name_or_code_of_a_region_is_answered_with_the_region(country, written, region):
    with pytest.raises(ValidationError, match=f"did you mean {region}\\?"):
        EnergyBlock(country_iso=country, region=written)


def test_a_code_of_another_country_is_no_suggestion():
    assert meant_in("CAN", "TX") == ""
    assert meant_region("anywhere", []) is None


def test_the_tables_name_only_countries_and_regions_that_have_a_factor():
    named = {pair.split("=")[1] for pair in (ALPHA_2 + OTHER_CODES).split()} | set(OTHER_NAMES.values())
    assert named == countries()
    listed = {pair.split("=")[1].replace("_", " ") for pair in REGIONS.split()}
    assert listed == (regions("USA") - {"usa"}) | regions("CAN")
