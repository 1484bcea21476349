"""The source ``goiener``: the smart meters of the source study."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from wattshed.config.data.sources import SourceBlock, Timezone
from wattshed.data.sources.source import DataSource, Files, SimpleSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(SourceBlock):
    """Smart meters of the source study (Zenodo 7362094, CC BY 4.0), hourly [kWh]."""

    kind: Literal["goiener"] = Field(
        default="goiener", description="The full study's smart meters; downloaded on demand."
    )
    folder: str = Field(
        default="data/goiener", min_length=1, description="Folder of the archive and of metadata.csv."
    )
    period: Literal["imp-pre", "imp-in", "imp-post"] = Field(
        default="imp-pre",
        description="Archive to use: before, during or after the lockdowns; its gaps are imputed.",
    )
    start: date | None = Field(
        default=None,
        description="First day that is used, from 0:00 UTC; empty means the first reading of any meter.",
    )
    end: date | None = Field(
        default=None,
        description="First day after the used ones, from 0:00 UTC; empty means that the last reading is used.",
    )
    min_coverage: float = Field(
        default=0.9, gt=0, le=1, description="Smallest share of measured hours for a meter to be used."
    )
    max_nodes: int | None = Field(
        default=None,
        ge=2,
        description="Largest number of meters, in the order of their names; empty means all.",
    )
    timezone: Timezone = Field(
        default="UTC",
        description="Time zone of the archive's time stamps, which do not name one.",
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> Settings:
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"start is {self.start} and end {self.end}; expected start < end")
        return self


def files(settings: Settings) -> Files:
    return {"files": [f"{settings.folder}/metadata.csv", f"{settings.folder}/{settings.period}.tzst"]}


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.goiener_panel import load

    return load(settings, root)


SOURCE: DataSource = SimpleSource(Settings, load, files)
