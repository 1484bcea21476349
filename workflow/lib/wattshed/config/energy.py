"""The ``energy`` block: where the machine stands and how windows are measured."""

import importlib.util
import json
from functools import cache
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from wattshed.config.block import Block


@cache
def known_countries() -> frozenset[str]:
    """ISO 3166 alpha-3 codes that the emission factors cover (CodeCarbon's yearly mix, read as data)."""
    mix = _factors() / "global_energy_mix.json"
    return frozenset(json.loads(mix.read_text(encoding="utf-8")))


def _factors() -> Path:
    """CodeCarbon's folder of factors, found without the second that importing it takes."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("codecarbon is not installed: run make reproduce, or pip install codecarbon")
    return Path(spec.submodule_search_locations[0]) / "data/private_infra"


@cache
def known_regions(country_iso: str) -> frozenset[str]:
    """Regions of a country that have a factor of their own, in lower case; only USA and CAN have any."""
    files = {"USA": "usa_emissions.json", "CAN": "canada_energy_mix.json"}
    if country_iso not in files:
        return frozenset()
    regions = json.loads((_factors() / "2023" / files[country_iso]).read_text(encoding="utf-8"))
    return frozenset(name.lower() for name in regions)


class EnergyBlock(Block):
    country_iso: str = Field(
        description="ISO 3166 alpha-3 code of the country where the computing machine stands (not the data). "
        "It decides the emission factor and is never guessed from the network."
    )
    region: str | None = Field(
        default=None, description="Region within USA or CAN in lower case, for its own emission factor."
    )
    minimum_window_s: float = Field(
        default=1.0,
        gt=0,
        le=600,
        description="Work shorter than this [s] is repeated until it lasts as long, then divided.",
    )

    @field_validator("country_iso")
    @classmethod
    def _covered(cls, code: str) -> str:
        if code not in known_countries():
            raise ValueError(
                f"{code!r} is not a country that has an emission factor; expected an ISO 3166 alpha-3 code "
                "such as ESP, DEU or USA"
            )
        return code

    @model_validator(mode="after")
    def _region_has_a_factor(self) -> "EnergyBlock":
        regions = known_regions(self.country_iso)
        if self.region is not None and self.region not in regions:
            known = f"one of {', '.join(sorted(regions))}" if regions else f"no region for {self.country_iso}"
            raise ValueError(f"region is {self.region!r}; expected {known}")
        return self
