"""A figure of several pages: one PDF with all pages, and one PNG with the pages below each other."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from wattshed.foundation.writing import whole_file
from wattshed.publish.drawing.figure_notes import put_notes
from wattshed.publish.drawing.png_pages import pages_text

DPI = 150


def save_pages(pages: Sequence[Figure], pdf: Path | str, png: Path | str, notes: Sequence[str] = ()) -> None:
    """Write both files without dates or program versions, and close the pages. notes: to write above the first."""
    put_notes(pages[0], notes)
    for page in pages:
        # Laid out once: the layout takes as long as the drawing, and would be made for each file.
        page.draw_without_rendering()
        page.set_layout_engine("none")
    without = {"CreationDate": None, "Creator": None, "Producer": None}
    with whole_file(pdf) as temporary, PdfPages(temporary, metadata=without) as document:
        for page in pages:
            document.savefig(page)
    images = [_pixels(page) for page in pages]
    width = max(image.shape[1] for image in images)
    stacked = np.concatenate([_padded(image, width) for image in images])
    text: dict[str, Any] = {"Software": None, **pages_text([image.shape[0] for image in images])}
    with whole_file(png) as temporary:
        plt.imsave(temporary, stacked, format="png", metadata=text)
    for page in pages:
        plt.close(page)


def _pixels(page: Figure) -> np.ndarray:
    with io.BytesIO() as memory:
        page.savefig(memory, format="png", dpi=DPI)
        memory.seek(0)
        return np.asarray(plt.imread(memory))[:, :, :3]


def _padded(image: np.ndarray, width: int) -> np.ndarray:
    """White to the right of narrower pages."""
    return np.pad(image, ((0, 0), (0, width - image.shape[1]), (0, 0)), constant_values=1.0)
