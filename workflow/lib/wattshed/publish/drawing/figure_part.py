"""What a figure's module declares: FIGURE = FigurePart(...)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from wattshed.foundation.extending.checks import made_by
from wattshed.publish.drawing.figure_pages import save_pages
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.notes.windows import short_notes
from wattshed.publish.parts.class_words import in_class_words, says_classes
from wattshed.publish.parts.declaration import made_from
from wattshed.publish.parts.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class FigurePart:
    """A figure. Fields as in :class:`Declaration`, given as literals; make: gets the inputs, returns the figure, or
    its pages.

    windows: of which windows it shows energies; a line above it then says which were not alone and which are lower
    bounds. It needs the input ``windows``. notes: gets the inputs, returns further lines.
    """

    message: str
    caption: str
    inputs: tuple[str, ...]
    make: Callable[[Inputs], Figure | Sequence[Figure]]
    notes: Callable[[Inputs], list[str]] | None = None
    parameters: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()

    def write(self, name: str, inputs: Inputs, folder: Path) -> None:
        """Write ``{name}.pdf`` for print and ``{name}.png`` for pages into the folder."""
        given = made_from("figure", name, inputs)
        made = self.make(given)
        pages = [
            made_by("figure", name, page, Figure)
            for page in (made if isinstance(made, Sequence) and made else [made])
        ]
        notes = short_notes(given.frame("windows"), self.windows) if self.windows else []
        if self.notes is not None:
            notes += self.notes(given)
        if says_classes(inputs):
            notes = [in_class_words(note) for note in notes]
            for text in (text for page in pages for text in page.findobj(Text)):
                text.set_text(in_class_words(text.get_text()))
        pdf, png = folder / f"{name}.pdf", folder / f"{name}.png"
        if len(pages) == 1:
            save_figure(pages[0], pdf, png, notes)
        else:
            save_pages(pages, pdf, png, notes)
