"""Sources of carbon intensity and factors that say where they come from."""

import pytest
from pydantic import ValidationError

from wattshed.config.energy.carbon import CarbonBlock

LIVE = {"kind": "electricity_maps", "zone": "DE"}
HOURLY = {"kind": "hourly", "path": "grid.csv"}
WATER = {"water_l_per_kwh": 1.8, "water_source": "operator"}
EMBODIED = {"embodied_kg": 1200.0, "lifetime_h": 35_000.0, "embodied_source": "maker's sheet"}


def test_the_default_is_the_yearly_factor_and_nothing_more():
    block = CarbonBlock()
    assert (block.intensity.kind, block.pue) == ("yearly", 1.0)
    assert (block.water_l_per_kwh, block.embodied_kg) == (None, None)


@pytest.mark.parametrize(
    "intensity",
    [
        {"kind": "yearly"},
        HOURLY,
        {**HOURLY, "fallback": "yearly"},
        {"kind": "panel"},
        LIVE,
        {**LIVE, "zone": "US-CAL-CISO", "fallback": "yearly"},
        {**LIVE, "fallback": "series", "fallback_series": {**HOURLY, "fallback": "yearly"}},
    ],
)
def test_every_source_is_known_by_its_kind(intensity):
    block = CarbonBlock.model_validate({"intensity": intensity, **WATER, **EMBODIED})
    assert block.intensity.kind == intensity["kind"]
    assert CarbonBlock.model_validate_json(block.model_dump_json()) == block


@pytest.mark.parametrize(
    ("intensity", "sentence"),
    [
        ({"kind": "guess"}, "'yearly', 'hourly', 'panel', 'electricity_maps'"),
        ({"kind": "hourly"}, "path"),
        ({**HOURLY, "path": ""}, "path"),
        ({**HOURLY, "fallback": "world"}, "fallback"),
        ({"kind": "electricity_maps"}, "zone"),
        *(({**LIVE, "zone": zone}, "zone") for zone in ("", "de", "DE/..", "../DE", "DE\n", "Germany")),
        ({**LIVE, "cache_folder": ""}, "cache_folder"),
        ({**LIVE, "key": "secret"}, "key"),
        ({**LIVE, "fallback": "series"}, "fallback series and fallback_series belong together"),
        ({**LIVE, "fallback_series": HOURLY}, "fallback series and fallback_series belong together"),
        ({**LIVE, "fallback": "series", "fallback_series": {"kind": "panel"}}, "fallback_series"),
    ],
)
def test_a_wrong_source_is_refused_by_its_key(intensity, sentence):
    with pytest.raises(ValidationError, match=sentence):
        CarbonBlock.model_validate({"intensity": intensity})


@pytest.mark.parametrize("pue", [0.99, 5.1, float("nan"), float("inf"), "1.2", None])
def test_a_pue_is_a_number_from_one_to_five(pue):
    with pytest.raises(ValidationError, match="pue"):
        CarbonBlock(pue=pue)


@pytest.mark.parametrize("whole", [WATER, EMBODIED])
def test_a_factor_and_its_source_come_together(whole):
    CarbonBlock(**whole)
    for absent in whole:
        part = {name: value for name, value in whole.items() if name != absent}
        with pytest.raises(ValidationError, match="belong together"):
            CarbonBlock(**part)


@pytest.mark.parametrize("name", ["water_l_per_kwh", "embodied_kg", "lifetime_h"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), "1"])
def test_a_share_is_a_finite_number_above_zero(name, value):
    with pytest.raises(ValidationError, match=name):
        CarbonBlock(**{**WATER, **EMBODIED, name: value})


@pytest.mark.parametrize("name", ["water_source", "embodied_source"])
def test_an_empty_source_is_none(name):
    with pytest.raises(ValidationError, match=name):
        CarbonBlock(**{**WATER, **EMBODIED, name: ""})
