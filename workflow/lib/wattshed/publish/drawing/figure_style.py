"""One look for all figures: readable in grey, the same bytes every time."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from wattshed.foundation.writing import whole_file
from wattshed.publish.drawing.figure_notes import put_notes

# Ten colours that colour-blind readers can tell apart (seaborn's "colorblind").
COLOURS = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
GREY = "0.35"
DARK = "0.15"
# 0.1, 1, 10 in place of powers of ten.
PLAIN_LOG = FuncFormatter(lambda value, _: f"{value:g}")
# seaborn's context "paper" and style "ticks", written out: importing seaborn takes longer than drawing a figure.
STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": DARK,
    "axes.grid": True,
    "axes.labelcolor": DARK,
    "axes.labelsize": 9.6,
    "axes.linewidth": 1.0,
    "axes.prop_cycle": cycler("color", COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    # matplotlib includes this font, so figures are the same on every machine.
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.6,
    "grid.color": "0.9",
    "legend.fontsize": 8.8,
    "legend.frameon": False,
    "legend.title_fontsize": 9.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "white",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "pdf.fonttype": 42,
    "text.color": DARK,
    **{f"{axis}tick.color": DARK for axis in "xy"},
    **{f"{axis}tick.labelsize": 8.8 for axis in "xy"},
    **{f"{axis}tick.major.size": 4.8 for axis in "xy"},
    **{f"{axis}tick.major.width": 1.0 for axis in "xy"},
    **{f"{axis}tick.minor.size": 3.2 for axis in "xy"},
    **{f"{axis}tick.minor.width": 0.8 for axis in "xy"},
}


def as_written(text: str) -> str:
    """Text with names from users' files for matplotlib, which takes what is between two dollar signs for a formula."""
    return text.replace("$", r"\$")


def set_style() -> None:
    """Apply the common figure style to matplotlib."""
    # The font lacks some scripts, whose signs are drawn as boxes; a warning per sign would not help who reads it.
    warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
    matplotlib.rcParams.update(STYLE)


def model_styles(models: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dashes per model; any two of up to twelve models differ in marker, not in colour alone."""
    return {
        model: {
            "color": COLOURS[place % len(COLOURS)],
            "marker": MARKERS[place % len(MARKERS)],
            "linestyle": DASHES[place % len(DASHES)],
        }
        for place, model in enumerate(models)
    }


def save_figure(figure: Figure, pdf: Path | str, png: Path | str, notes: Sequence[str] = ()) -> None:
    """Write both files without dates or program versions, and close the figure. notes: to write above it."""
    put_notes(figure, notes)
    without = {"CreationDate": None, "Creator": None, "Producer": None}
    with whole_file(pdf) as temporary:
        figure.savefig(temporary, format="pdf", metadata=without)
    with whole_file(png) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)
