"""What a data source must offer, and how a study's panel is loaded. Does not import pandas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from wattshed.config.data.sources import SourceBlock, step_minutes_of
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.data.panel import Panel

Files = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Cutting:
    """How a source of labelled windows cuts its series.

    length: samples of a window; the shares are those of ``data.splits``; what they leave is the part of later windows.
    """

    length: int
    train_share: float
    validation_share: float
    test_share: float


class DataSource(Protocol):
    """One kind of panel. Settings: the block ``data.source`` with this kind.

    A source of labelled windows has two members more, see :class:`LabelledSource`.
    """

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


class LabelledSource(DataSource, Protocol):
    """A source of series whose windows have a label each. It needs the study's windows and splits to cut them."""

    @property
    def labelled(self) -> bool:
        """True; a source without this member gives a panel of readings."""
        ...

    def load_cut(self, settings: Any, root: Path, cutting: Cutting, wheel: Path | None = None) -> Panel:
        """The panel of classes with ``windows`` and ``cuts``; otherwise as :meth:`DataSource.load`."""
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


@dataclass(frozen=True)
class SimpleLabelledSource:
    """A source of labelled windows made of functions; see :class:`LabelledSource`.

    count_windows: of one that knows its sizes before its files are there: its classes, and the windows of the training,
    validation, test and later part, from settings, length and shares. count_regions: the least and the most regions
    that its series can have, of one that knows it from its settings.
    """

    Settings: type[SourceBlock]
    load_windows: Callable[[Any, Path, Cutting, Path | None], Panel]
    read_files: Callable[[Any], Files] = lambda settings: {}
    count_windows: Callable[[Any, int, tuple[float, float, float]], tuple[int, tuple[int, ...]]] | None = None
    count_regions: Callable[[Any], tuple[int, int]] | None = None
    labelled: ClassVar[bool] = True

    def files(self, settings: Any) -> Files:
        return self.read_files(settings)

    def edge_list(self, settings: Any) -> str | None:
        return None

    def load(self, settings: Any, root: Path, wheel: Path | None = None) -> Panel:
        raise Fault(
            f"data.source: {settings.kind} cuts its series by data.windows and data.splits; expected both: load "
            "it with load_panel(settings, root, wheel, cutting)."
        )

    def load_cut(self, settings: Any, root: Path, cutting: Cutting, wheel: Path | None = None) -> Panel:
        return self.load_windows(settings, root, cutting, wheel)


def gives_labelled_windows(kind: str) -> bool:
    """Whether a source gives labelled windows, and so needs the study's windows and splits to build its panel."""
    return bool(getattr(plugins.load("source", kind), "labelled", False))


def load_panel(
    settings: SourceBlock, root: Path, wheel: Path | None = None, cutting: Cutting | None = None
) -> Panel:
    """The panel of any source; see :meth:`DataSource.load` and :meth:`LabelledSource.load_cut`."""
    from wattshed.data.panel import Panel

    if cutting is not None and gives_labelled_windows(settings.kind):
        labelled: LabelledSource = plugins.load("source", settings.kind)
        made = made_by("source", settings.kind, labelled.load_cut(settings, root, cutting, wheel), Panel)
        if made.windows is None or made.cuts is None:
            raise Fault(
                f"the data source {settings.kind!r} made a panel without windows or cuts; expected both of a "
                "source of labelled windows: correct the plug-in."
            )
        return made
    source: DataSource = plugins.load("source", settings.kind)
    panel = made_by("source", settings.kind, source.load(settings, root, wheel), Panel)
    step = step_minutes_of(settings)
    if panel.step_minutes != step:
        raise Fault(
            f"the data source {settings.kind!r} made a panel with a step of {panel.step_minutes} minutes; expected "
            f"{step} by its settings: correct the plug-in, whose key step_minutes says its panel's step."
        )
    return panel
