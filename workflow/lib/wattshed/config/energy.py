"""The ``energy`` block: where the machine stands and how windows are measured."""

import importlib.util
import json
from functools import cache
from pathlib import Path

from pydantic import Field, field_validator

from wattshed.config.block import Block


@cache
def known_countries() -> frozenset[str]:
    """ISO 3166 alpha-3 codes that the emission factors cover (CodeCarbon's yearly mix, read as data)."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("codecarbon is not installed: run make reproduce, or pip install codecarbon")
    mix = Path(spec.submodule_search_locations[0]) / "data/private_infra/global_energy_mix.json"
    return frozenset(json.loads(mix.read_text(encoding="utf-8")))


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
