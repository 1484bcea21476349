"""The source ``table``: the user's own panel in one CSV or Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.data.sources import SourceBlock, Timezone
from wattshed.data.sources.source import DataSource, Files, SimpleSource

if TYPE_CHECKING:
    from wattshed.data.panel import Panel


class Settings(SourceBlock):
    """The user's own hourly panel in one CSV or Parquet file."""

    kind: Literal["table"] = Field(default="table", description="Your own panel.")
    path: str = Field(min_length=1, description="CSV or Parquet file with the hourly readings.")
    form: Literal["long", "wide"] = Field(
        description="`long`: columns time, node, value; `wide`: first column time, then one column per node."
    )
    node_table: str | None = Field(
        default=None,
        description="CSV or Parquet file with a column `node` and columns that describe the nodes.",
    )
    edge_list: str | None = Field(
        default=None, description="CSV or Parquet file with columns source, target, weight."
    )
    timezone: Timezone = Field(
        default="UTC",
        description="Time zone of the nodes' calendar; time stamps without an offset are local times of this zone.",
    )
    unit: str = Field(default="kWh", min_length=1, description="Unit of one hour's reading, e.g. kWh.")


def files(settings: Settings) -> Files:
    nodes = {"nodes": settings.node_table} if settings.node_table else {}
    return {"table": settings.path, **nodes}


def edge_list(settings: Settings) -> str | None:
    return settings.edge_list


def load(settings: Settings, root: Path, wheel: Path | None) -> Panel:
    from wattshed.data.sources.table_panel import load

    return load(settings, root)


SOURCE: DataSource = SimpleSource(Settings, load, files, edge_list)
