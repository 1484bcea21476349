"""The ``energy`` block: where the machine is, how windows are measured, how energy is converted to carbon."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from wattshed.config.block import Block
from wattshed.config.energy.budget import BudgetBlock
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.config.energy.places import UNKNOWN, countries, meant, meant_in, regions


class EnergyBlock(Block):
    country_iso: str = Field(
        description="ISO 3166 alpha-3 code of the country where the computing machine is (not the data), or "
        "the word unknown, which gives no mass of CO2e. It is never guessed from the network."
    )
    region: str | None = Field(
        default=None, description="Region within USA or CAN in lower case, for its own emission factor."
    )
    metering: MeteringBlock = Field(default=MeteringBlock(), description="How windows are measured.")
    carbon: CarbonBlock = Field(
        default=CarbonBlock(),
        description="The factors that convert energy to mass; editing them does not repeat any measurement.",
    )
    budget: BudgetBlock = Field(
        default=BudgetBlock(), description="The most that runs and the study may cost."
    )

    exports: list[Literal["codecarbon", "prometheus"]] = Field(
        default=[],
        description="What other tools read, beside the report: the jobs in CodeCarbon's columns and folders "
        "(emissions/MODEL/COUNTRY/SEASON/RUN_emissions.csv), and a Prometheus text file (emissions.prom).",
    )

    @field_validator("exports")
    @classmethod
    def _each_once(cls, exports: list[str]) -> list[str]:
        if len(set(exports)) < len(exports):
            raise ValueError(f"{exports} names an export twice: expected each once; remove one")
        return exports

    @field_validator("country_iso")
    @classmethod
    def _covered(cls, code: str) -> str:
        if code != UNKNOWN and code not in countries():
            raise ValueError(
                f"{code!r} is not a country with an emission factor; expected an ISO 3166 alpha-3 code "
                f"such as ESP, DEU or USA, or the word unknown{meant(code)}"
            )
        return code

    @model_validator(mode="after")
    def _region_has_a_factor(self) -> "EnergyBlock":
        known = regions(self.country_iso)
        if self.region is not None and self.region not in known:
            expected = f"one of {', '.join(sorted(known))}" if known else f"no region for {self.country_iso}"
            raise ValueError(
                f"region is {self.region!r}; expected {expected}{meant_in(self.country_iso, self.region)}"
            )
        return self
