"""The source ``series_folder``: your own series of regions, one table for each, and a task of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.listed_series import series_files
from wattshed.data.sources.source import Cutting, Files, LabelledSource, SimpleLabelledSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(LabelledBlock):
    """Your own series: a folder with one CSV, TSV, Parquet or NPY file for each, all of the same regions."""

    kind: Literal["series_folder"] = Field(
        default="series_folder", description="A folder with one table of samples and regions for each series."
    )
    folder: str = Field(
        min_length=1, description="Folder with the series; other kinds of files in it are not read."
    )
    labels: str | None = Field(
        default=None,
        description="CSV or Parquet file with the columns `file` (name in the folder), `label` and, if a person has "
        "several series, `owner`. Series are then split by owner. Without it, the task is whose series a window is: "
        "labels are file names, and each series is split in its own time.",
    )
    rows: Literal["samples", "regions"] = Field(
        default="samples", description="What the rows of a file are; its columns are the other."
    )
    unequal: Literal["mask", "cut", "refuse"] = Field(
        default="mask",
        description="Series of unequal lengths: `mask` keeps them and pads what is shorter than a window, `cut` "
        "shortens all to the shortest, `refuse` ends with a message.",
    )
    leave_out: list[str] = Field(default=[], description="Regions that are left out of all series, by name.")
    sample_s: float | None = Field(
        default=None, gt=0, description="Seconds between two samples; empty if unknown."
    )
    seed: int = Field(
        default=1, ge=0, description="Seed of how owners are dealt to the parts, with `labels`."
    )


def files(settings: Settings) -> Files:
    """The series and the labels; the folder itself where no series is in it, so that a message names it."""
    found = [str(path) for path in series_files(Path(settings.folder), settings.labels)]
    return {"series": found or settings.folder, **({"labels": settings.labels} if settings.labels else {})}


def load(settings: Settings, root: Path, cutting: Cutting, wheel: Path | None) -> Panel:
    from wattshed.data.sources.series_tables import load

    return load(settings, root, cutting)


SOURCE: LabelledSource = SimpleLabelledSource(Settings, load, files)
