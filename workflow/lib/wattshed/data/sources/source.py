"""What a data source must offer, and how a study's panel is loaded. Does not import pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wattshed.config.data.sources import SourceBlock
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by

if TYPE_CHECKING:
    from wattshed.data.panel import Panel

Files = Mapping[str, str | list[str]]


class DataSource(Protocol):
    """One kind of panel. Settings: the block ``data.source`` with this kind."""

    @property
    def Settings(self) -> type[SourceBlock]: ...

    def files(self, settings: Any) -> Files:
        """Files that the panel is built from, by a name for each; their paths start from the study's folder."""
        ...

    def edge_list(self, settings: Any) -> str | None:
        """File with the source's own graph; None where it has none."""
        ...

    def load(self, settings: Any, root: Path, wheel: Path | None = None) -> Panel:
        """The panel; paths in the settings start from ``root``.

        wheel: the data wheel, for a source that needs one. Raises :class:`Fault` for missing or invalid files.
        """
        ...


@dataclass(frozen=True)
class SimpleSource:
    """A source made of functions; see :class:`DataSource`. ``load_panel`` imports what it needs when it is called."""

    Settings: type[SourceBlock]
    load_panel: Callable[[Any, Path, Path | None], Panel]
    read_files: Callable[[Any], Files] = lambda settings: {}
    read_edge_list: Callable[[Any], str | None] = lambda settings: None

    def files(self, settings: Any) -> Files:
        return self.read_files(settings)

    def edge_list(self, settings: Any) -> str | None:
        return self.read_edge_list(settings)

    def load(self, settings: Any, root: Path, wheel: Path | None = None) -> Panel:
        return self.load_panel(settings, root, wheel)


def load_panel(settings: SourceBlock, root: Path, wheel: Path | None = None) -> Panel:
    """The panel of any source; see :meth:`DataSource.load`."""
    from wattshed.data.panel import Panel

    source: DataSource = plugins.load("source", settings.kind)
    return made_by("source", settings.kind, source.load(settings, root, wheel), Panel)
