"""The source ``homes``: 17 measured homes, embedded in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.data.sources import SourceBlock
from wattshed.data.sources.source import DataSource, Files, SimpleSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel

EMBEDDED = "data/homes/panel.parquet"


class Settings(SourceBlock):
    """17 measured homes in California for one year; part of the repository (data/homes)."""

    kind: Literal["homes"] = Field(
        default="homes", description="The panel of 17 measured homes in the repository."
    )

    @property
    def nodes(self) -> int:
        """Known before the panel is built; tests hold both sizes equal to the panel's."""
        return 17

    @property
    def hours(self) -> int:
        return 8760


def files(settings: Settings) -> Files:
    return {"homes": EMBEDDED}


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.homes_panel import load
    from wattshed.foundation.checkout import shipped_file

    return load(shipped_file(EMBEDDED, root))


SOURCE: DataSource = SimpleSource(Settings, load, files)
