"""One look for all figures: readable in grey, the same bytes every time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.figure import Figure

from wattshed.foundation.writing import whole_file

DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "p", "h")
GREY = "0.35"


def set_style() -> None:
    """Apply the house's look to matplotlib."""
    sns.set_theme(
        context="paper",
        style="ticks",
        palette="colorblind",
        rc={
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "0.9",
            "axes.axisbelow": True,
            "legend.frameon": False,
            "axes.titlesize": "medium",
            "axes.titlelocation": "left",
            "pdf.fonttype": 42,
            "figure.constrained_layout.use": True,
        },
    )


def model_styles(models: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and dashes per model; any two of up to twelve differ in marker, not in colour alone."""
    colours = sns.color_palette("colorblind", 10)
    return {
        model: {
            "color": colours[place % len(colours)],
            "marker": MARKERS[place % len(MARKERS)],
            "linestyle": DASHES[place % len(DASHES)],
        }
        for place, model in enumerate(models)
    }


def save_figure(figure: Figure, pdf: Path | str, png: Path | str) -> None:
    """Write both files without dates or program versions, and close the figure."""
    with whole_file(pdf) as temporary:
        figure.savefig(
            temporary, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None}
        )
    with whole_file(png) as temporary:
        figure.savefig(temporary, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)
