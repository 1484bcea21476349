"""What a figure's module declares: FIGURE = FigurePart(...)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from wattshed.foundation import plugins
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.parts.declaration import made_from
from wattshed.publish.parts.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class FigurePart:
    """A figure. Fields as in :class:`Declaration`, given as literals; make: gets the inputs, returns the figure."""

    message: str
    caption: str
    inputs: tuple[str, ...]
    make: Callable[[Inputs], Figure]
    parameters: tuple[str, ...] = ()

    def write(self, name: str, inputs: Inputs, folder: Path) -> None:
        """Write ``{name}.pdf`` for print and ``{name}.png`` for pages into the folder."""
        figure = plugins.made_by("figure", name, self.make(made_from("figure", name, inputs)), Figure)
        save_figure(figure, folder / f"{name}.pdf", folder / f"{name}.png")
