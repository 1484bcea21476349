"""The source ``adhd200``: resting-state fMRI of 40 people of ADHD-200 with a diagnosis, through nilearn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.source import Cutting, LabelledSource, SimpleLabelledSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(LabelledBlock):
    """Control against ADHD: nilearn downloads 40 scans (about 1.5 GB) and an atlas. Opt-in: `pip install
    'wattshed[brains]'`."""

    kind: Literal["adhd200"] = Field(
        default="adhd200",
        description="Scans of ADHD-200 through nilearn; classes are control and ADHD, split by person.",
    )
    people: int = Field(default=40, ge=8, le=40, description="Number of people, in nilearn's order.")
    regions: Literal[100, 200, 300, 400] = Field(
        default=200, description="Regions of the Schaefer 2018 atlas."
    )
    folder: str = Field(
        default="data/adhd200", min_length=1, description="Folder that nilearn keeps its downloads in."
    )
    seed: int = Field(default=1, ge=0, description="Seed of how people are dealt to the parts.")


def load(settings: Settings, root: Path, cutting: Cutting, wheel: Path | None) -> Panel:
    from wattshed.data.sources.adhd200_scans import load

    return load(settings, root, cutting)


def count_regions(settings: Settings) -> tuple[int, int]:
    """Regions without a signal in some scan are left out when the panel is built."""
    return 2, settings.regions


SOURCE: LabelledSource = SimpleLabelledSource(Settings, load, count_regions=count_regions)
