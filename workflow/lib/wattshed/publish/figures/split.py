"""Figure: energy by component, and how each part is known."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from wattshed.accounts.comparison.comparable import own_energy
from wattshed.accounts.runs.basis import RETRO
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import set_style
from wattshed.publish.notes.runs import run_notes
from wattshed.publish.typesetting.scales import Scale, energy_scale, wrapped
from wattshed.publish.typesetting.table import significant_text
from wattshed.statistics.geometric import geometric_interval

COMPONENTS = ("cpu", "ram", "gpu")
GREYS = {"cpu": "0.35", "ram": "0.62", "gpu": "0.86"}
HATCHES = {"cpu": "////", "ram": "....", "gpu": "\\\\\\\\"}


def split_figure(runs: pd.DataFrame, by: str = "stage") -> Figure:
    """Stacked bars of CPU, RAM and GPU: sums over the runs of every stage, or means per run of every model.

    runs: the runs frame; by: ``stage`` or ``model``. Solid parts are measured, hatched ones estimated in whole or in
    part; components that are unknown in all runs are named, and so is the idle share if idle power is known.
    Means carry the 95 % interval of the energy per run. Retro-estimates have no components and are left out.
    Raises :class:`Fault` for another grouping.
    """
    if by not in ("stage", "model") or by not in runs:
        raise Fault(f"runs cannot be split by {by!r}: expected stage or model, a column of the runs frame.")
    retro = runs["origin"].eq(RETRO).fillna(False) if "origin" in runs else pd.Series(False, index=runs.index)
    frame = _job_share(runs[~retro & runs[by].notna()])
    names = [f"{part}_kwh" for part in COMPONENTS]
    if frame.empty or not frame[names].notna().any(axis=None):
        return words_figure(
            f"No component's energy is known for any of {len(frame)} runs that state a {by}: there is nothing to draw."
        )
    set_style()
    groups = [(str(name), group) for name, group in frame.groupby(by, sort=False)]
    if by == "model":
        groups.sort(key=lambda item: _size(item[1]), reverse=True)
    bars = [_bar(group, total=by == "stage") for _, group in groups]
    scale = energy_scale(bar["total"] for bar in bars)
    labels = [wrapped(name) for name, _ in groups]
    lines = max(label.count("\n") for label in labels) + 1
    lines = max(lines, *(len(bar["words"]) + 1 for bar in bars), 2)
    figure, axis = plt.subplots(figsize=(7.4, 1.5 + (0.1 + 0.17 * lines) * len(groups)))
    reach = max((np.nanmax([bar["total"], bar["high"]]) for bar in bars if bar["total"] > 0), default=1.0)
    for place, bar in enumerate(bars):
        _draw(axis, place, bar, scale)
    axis.set_yticks(range(len(groups)), labels)
    axis.set_ylim(len(groups) - 0.45, -0.55)
    axis.set_xlim(0, reach * scale.factor * 1.02)
    axis.grid(axis="y", visible=False)
    kind = "sum over its runs" if by == "stage" else "mean of one run"
    axis.set_xlabel(f"Energy ({scale.unit}), {kind}")
    axis.set_ylabel(by.capitalize())
    figure.legend(handles=_legend(frame, by, bars), loc="outside lower center", ncols=3, fontsize="small")
    return figure


def _size(group: pd.DataFrame) -> float:
    return float(
        sum(group[f"{part}_kwh"].mean() for part in COMPONENTS if group[f"{part}_kwh"].notna().any())
    )


def _bar(group: pd.DataFrame, total: bool) -> dict[str, Any]:
    """Height [kWh] and status per component, the interval of the whole, and the words beside the bar."""
    bar: dict[str, Any] = {"low": np.nan, "high": np.nan, "n": f"n = {len(group)}"}
    missing, partial = [], []
    for part in COMPONENTS:
        known = group[group[f"{part}_kwh"].notna()]
        values = known[f"{part}_kwh"]
        bar[part] = float(values.sum() if total else values.mean()) if len(known) else 0.0
        bar[f"{part}_hatched"] = bool((known[f"{part}_status"] != Status.MEASURED).any())
        if known.empty:
            missing.append(part.upper())
        elif len(known) < len(group):
            partial.append(f"{part.upper()} known in {len(known)}")
    bar["total"] = sum(bar[part] for part in COMPONENTS)
    names = [f"{part}_kwh" for part in COMPONENTS if part.upper() not in missing]
    # Where a component is known in some runs only, the bar is not a mean over runs and has no interval.
    if not total and names and not partial:
        found = geometric_interval(group[names].sum(axis=1))
        if found.low is not None:
            bar["low"], bar["high"] = found.low, found.high
    if (idle := _idle_share(group)) is not None:
        bar["n"] += f", idle {100 * idle:.0f} % of the machine's"
    if missing:
        partial.append("all missing" if not names else f"{', '.join(missing)} missing")
    bar["words"] = partial
    return bar


def _job_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Energies as the job's own share where jobs overlapped on a host."""
    energy, own = runs["energy_kwh"].astype("float64"), own_energy(runs)
    share = (own / energy.where(energy > 0)).where(energy.ne(own), 1.0)
    names = [*(f"{part}_kwh" for part in COMPONENTS), "energy_kwh", "net_kwh"]
    return runs.assign(**{name: runs[name].astype("float64") * share for name in names if name in runs})


def _idle_share(group: pd.DataFrame) -> float | None:
    if "net_kwh" not in group:
        return None
    machine = group["machine_kwh"] if "machine_kwh" in group else group["energy_kwh"]
    known = group["net_kwh"].notna() & (machine > 0)
    if not known.any():
        return None
    return float(np.clip(1 - group["net_kwh"][known].sum() / machine[known].sum(), 0, 1))


def _draw(axis: Axes, place: int, bar: dict[str, Any], scale: Scale) -> None:
    left = 0.0
    for part in COMPONENTS:
        length = bar[part] * scale.factor
        if length <= 0:
            continue
        hatched = bar[f"{part}_hatched"]
        axis.barh(
            place, length, left=left, height=0.5, facecolor="white" if hatched else GREYS[part],
            edgecolor="0.25", linewidth=0.8, hatch=HATCHES[part] if hatched else None,
        )  # fmt: skip
        left += length
    if bar["high"] > 0:
        low, high = bar["low"] * scale.factor, bar["high"] * scale.factor
        axis.plot([low, high], [place + 0.33, place + 0.33], color="C0", linewidth=2)
    size = f"{significant_text(bar['total'] * scale.factor)} {scale.unit}, " if bar["total"] > 0 else ""
    axis.text(
        1.015,
        place,
        "\n".join([size + bar["n"], *bar["words"]]),
        transform=axis.get_yaxis_transform(),
        va="center",
        fontsize="small",
        clip_on=False,
    )


def _legend(frame: pd.DataFrame, by: str, bars: list[dict[str, Any]]) -> list[Any]:
    entries: list[Any] = []
    for part in COMPONENTS:
        known = frame.loc[frame[f"{part}_kwh"].notna(), f"{part}_status"]
        edge: dict[str, Any] = {"edgecolor": "0.25", "linewidth": 0.8}
        if any(bar[part] > 0 and not bar[f"{part}_hatched"] for bar in bars):
            entries.append(Patch(facecolor=GREYS[part], label=f"{part.upper()}, measured", **edge))
        if any(bar[part] > 0 and bar[f"{part}_hatched"] for bar in bars):
            mixed = "in part " if (known == Status.MEASURED).any() else ""
            label = f"{part.upper()}, {mixed}estimated"
            entries.append(Patch(facecolor="white", hatch=HATCHES[part], label=label, **edge))
    if any(bar["high"] > 0 for bar in bars):
        entries.append(plt.Line2D([], [], color="C0", linewidth=2, label="energy of one run, 95 % interval"))
    return entries


FIGURE = FigurePart(
    message="Draw the energy of every stage by component",
    caption="Energy of every stage by component: solid parts are measured, hatched ones estimated; components "
    "without a sensor are named.",
    inputs=("runs",),
    make=lambda inputs: split_figure(inputs.frame("runs"), "stage"),
    notes=lambda inputs: run_notes(inputs.frame("runs"), "stage"),
)
