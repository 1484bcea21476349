"""Figure: mass or energy of one run by model, country of the data and season."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from wattshed.accounts.comparison.comparable import model_runs, status_of, summarise_by
from wattshed.accounts.runs.basis import RETRO
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_style import PLAIN_LOG, set_style
from wattshed.publish.typesetting.scales import Scale, energy_scale, mass_scale, wrapped
from wattshed.publish.typesetting.table import ESTIMATED, significant_text

QUANTITIES = {"co2e_kg": "CO₂e", "energy_kwh": "Energy"}
COLOURS = "cividis_r"
CELL_WIDTH, CELL_HEIGHT = 0.86, 0.36
NOT_STATED = "not stated"
# Above this luminance black has more contrast than white.
BLACK_FROM = 0.179


def emissions_heatmap_figure(runs: pd.DataFrame, quantity: str = "co2e_kg") -> Figure:
    """Mean per run in every cell, with n and the 95 % interval's half-width below; unknown cells are crossed.

    runs: one stage's runs with ``data_country`` and ``season``; quantity: ``co2e_kg`` or ``energy_kwh``. The country is
    that of the data, not of the grid that ran the job. Retro-estimates are left out and counted. Raises
    :class:`Fault` for another quantity or runs of several stages.
    """
    if quantity not in QUANTITIES:
        raise Fault(f"{quantity} cannot be mapped: expected {' or '.join(QUANTITIES)}; choose one.")
    frame = model_runs(runs)
    for name in ("data_country", "season"):
        frame[name] = frame[name].astype("object") if name in frame else None
    recorded = frame[frame["basis"] != RETRO].copy()
    if not recorded["data_country"].notna().any():
        return words_figure(
            f"None of {len(frame)} runs states the country of its data: there is no map to draw."
        )
    if not recorded[quantity].notna().any():
        word = "mass" if quantity == "co2e_kg" else "energy"
        return words_figure(f"No {word} is known for any of {len(recorded)} runs: there is nothing to draw.")
    set_style()
    scale = (mass_scale if quantity == "co2e_kg" else energy_scale)(recorded[quantity])
    keys = ["season", "data_country"]
    recorded[keys] = recorded[keys].fillna(NOT_STATED)
    cells = summarise_by(recorded, [*keys, "model"], [quantity]).set_index([*keys, "model"])
    grouped = recorded.groupby([*keys, "model"], sort=False)
    cells["status"] = [status_of(group) for _, group in grouped]
    seasons, countries = (sorted(recorded[name].unique(), key=str) for name in keys)
    means = recorded.groupby("model")[quantity].mean().sort_values(kind="stable", na_position="last")
    models = [str(model) for model in means.index]
    names = [wrapped(model, 28) for model in models]
    row_height = max(CELL_HEIGHT, 0.17 * max(name.count("\n") + 1 for name in names))
    panels = len(seasons)
    width = 1.9 + panels * (CELL_WIDTH * len(countries) + 0.2)
    figure, axes = plt.subplots(
        1,
        panels,
        figsize=(max(4.6, width), 1.9 + max(1.0, row_height * len(models))),
        sharey=True,
        squeeze=False,
    )
    values = cells[f"{quantity}_mean"].to_numpy() * scale.factor
    norm = _norm(values)
    for axis, season in zip(axes[0], seasons, strict=True):
        _panel(axis, cells, season, countries, models, quantity, scale, norm)
        axis.set_title("all seasons" if seasons == [NOT_STATED] else f"season: {season}")
        axis.set_xlabel("Country of the data")
    axes[0, 0].set_yticks(range(len(models)), names)
    axes[0, 0].set_ylabel("Model")
    mappable = plt.cm.ScalarMappable(norm=norm, cmap=COLOURS)
    bar = figure.colorbar(mappable, ax=axes.ravel().tolist(), fraction=0.04, pad=0.02, aspect=30)
    bar.set_label(f"{QUANTITIES[quantity]} of one run ({scale.unit})", fontsize="small")
    bar.ax.yaxis.set_major_formatter(PLAIN_LOG)
    bar.ax.yaxis.set_minor_formatter(NullFormatter() if _spans_ten(values) else PLAIN_LOG)
    bar.ax.tick_params(which="both", labelsize="small")
    figure.supxlabel(_note(cells, frame, quantity), fontsize="small")
    return figure


def _spans_ten(values: np.ndarray) -> bool:
    known = values[values > 0]
    return len(known) > 0 and bool(known.max() > 10 * known.min())


def _norm(values: np.ndarray) -> LogNorm:
    known = values[values > 0]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.1, 1.0)
    return LogNorm(low, high) if high > low else LogNorm(0.5 * low, 2 * low)


def _panel(
    axis: Axes,
    cells: pd.DataFrame,
    season: str,
    countries: list[str],
    models: list[str],
    quantity: str,
    scale: Scale,
    norm: LogNorm,
) -> None:
    axis.set_xlim(-0.5, len(countries) - 0.5)
    axis.set_ylim(len(models) - 0.5, -0.5)
    axis.set_xticks(range(len(countries)), countries)
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    known = dict(cells.iterrows())
    for column, country in enumerate(countries):
        for row, model in enumerate(models):
            cell = known.get((season, country, model))
            if cell is None or np.isnan(cell[f"{quantity}_mean"]):
                _cross(axis, column, row)
            else:
                _cell(axis, column, row, cell, quantity, scale, norm)


def _cell(
    axis: Axes, column: int, row: int, cell: pd.Series, quantity: str, scale: Scale, norm: LogNorm
) -> None:
    value = cell[f"{quantity}_mean"] * scale.factor
    colour = colormaps[COLOURS](norm(value) if value > 0 else 0.0)
    axis.add_patch(
        Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=1.2)
    )
    ink = "black" if _luminance(colour) > BLACK_FROM else "white"
    mark = "" if cell["status"] == Status.MEASURED else ESTIMATED
    axis.text(
        column, row - 0.14, significant_text(value) + mark, ha="center", va="center", color=ink, fontsize=8
    )
    axis.text(column, row + 0.25, _doubt(cell, quantity), ha="center", va="center", color=ink, fontsize=5.8)


def _luminance(colour: tuple[float, float, float, float]) -> float:
    """Relative luminance by WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _doubt(cell: pd.Series, quantity: str) -> str:
    """``n = 3, ±12 %``: half the 95 % interval against the mean."""
    n, mean = int(cell[f"{quantity}_n"]), cell[f"{quantity}_mean"]
    half = (cell[f"{quantity}_high"] - cell[f"{quantity}_low"]) / 2
    if np.isnan(half) or mean <= 0:
        return f"n = {n}"
    share = 100 * half / mean
    return f"n = {n}, " + ("±>100 %" if share > 100 else f"±{share:.0f} %" if share >= 1 else "±<1 %")


def _cross(axis: Axes, column: int, row: int) -> None:
    axis.add_patch(
        Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, facecolor="white", edgecolor="0.8", linewidth=0.6)
    )
    for rise in (-1, 1):
        axis.plot(
            [column - 0.46, column + 0.46], [row - 0.44 * rise, row + 0.44 * rise], color="0.7", linewidth=0.6
        )


def _note(cells: pd.DataFrame, frame: pd.DataFrame, quantity: str) -> str:
    notes = []
    if (cells.loc[cells[f"{quantity}_mean"].notna(), "status"] != Status.MEASURED).any():
        notes.append(f"{ESTIMATED} energy estimated in whole or in part")
    notes.append("±: half the 95 % interval")
    notes.append("crossed: unknown or not run")
    if retro := int((frame["basis"] == RETRO).sum()):
        notes.append(f"{retro} retro-estimates left out")
    lines = [", ".join(notes[:2]), ", ".join(notes[2:])]
    return "\n".join(line for line in lines if line)
