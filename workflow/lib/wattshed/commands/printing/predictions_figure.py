"""The ranking of ``wattshed predict`` as a picture: energies with their intervals, least first."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.commands.output_place import writing
from wattshed.law.predicting.ranking import Place


def draw_ranking(ranking: Sequence[Place], quantity: str, path: Path) -> None:
    """Draw points and 90 % intervals on a logarithmic axis. Raises :class:`Fault` if the file cannot be written."""
    from matplotlib.figure import Figure

    several = len({place.candidate.study for place in ranking}) > 1
    names = [
        f"{place.candidate.study}: {place.candidate.name}" if several else place.candidate.name
        for place in ranking
    ]
    figure = Figure(figsize=(7.0, 1.4 + 0.34 * len(ranking)), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(ranking))
    energies = [place.cost.energy_j for place in ranking]
    low = [place.cost.energy_j - place.cost.energy_low_j for place in ranking]
    high = [place.cost.energy_high_j - place.cost.energy_j for place in ranking]
    axes.errorbar(energies, rows, xerr=[low, high], fmt="o", color="#1b6ca8", capsize=3, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yticks(list(rows), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"predicted own energy of one {quantity} [J], 90 % interval")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    with writing(path, "--figure"):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=200)
