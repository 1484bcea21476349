"""The source ``synthetic``: an invented panel of any size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.data.sources import SourceBlock, StepMinutes, Timezone
from wattshed.data.sources.source import DataSource, SimpleSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(SourceBlock):
    """A seeded, invented panel [kWh]; labelled synthetic in every result."""

    kind: Literal["synthetic"] = Field(default="synthetic", description="An invented panel of any size.")
    nodes: int = Field(ge=2, le=1_000_000, description="Number of nodes.")
    hours: int = Field(ge=48, le=500_000, description="Length of the panel [h].")
    step_minutes: StepMinutes = Field(
        default=60, description="The panel's step [minutes]; its loads are energies of one step."
    )
    seed: int = Field(default=1, ge=0, description="Seed; the same seed gives the same panel.")
    timezone: Timezone = Field(default="UTC", description="Time zone of the nodes' calendar.")
    missing_share: float = Field(
        default=0.0, ge=0, le=0.5, description="Share of cells lost in outages of six hours."
    )


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.synthetic_panel import load

    return load(settings)


SOURCE: DataSource = SimpleSource(Settings, load)
