"""Figure: time, power and energy of one run against the setting: raw rows, fitted values, limit and choice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wattshed.publish.drawing.figure_style import COLOURS, GREY, set_style

BLUE, ORANGE, GREEN, RED = COLOURS[:4]
# Beyond this multiple of the larger of the fitted values and most rows, a row is drawn at the edge.
HEADROOM = 1.12
MOST_ROWS = 0.97
# Below this, milliseconds are shorter to read.
SHORT_S = 0.5


def curves_figure(rows: pd.DataFrame, counted: pd.Series, choice: Mapping[str, Any]) -> Figure:
    """One cell: three panels. counted: which of the rows decide; choice: its document."""
    set_style()
    figure, axes = plt.subplots(1, 3, figsize=(10.2, 3.5), layout="constrained")
    draw_curves(axes, rows, counted, choice)
    figure.legend(*legend_of(axes), loc="outside lower center", ncols=4)
    return figure


def draw_curves(
    axes: Sequence[Axes],
    rows: pd.DataFrame,
    counted: pd.Series,
    choice: Mapping[str, Any],
    *,
    named: bool = True,
) -> None:
    """Draw time, power and energy into three axes; named: the legend states the settings.

    Bands are the 95 % intervals of the choice; the fitted values are those that it was made by. Rows far above the
    rest, such as a cold first run, are triangles at the upper edge, so that they do not press the curves flat.
    """
    fitted = pd.DataFrame(choice.get("fitted") or [])
    unit, factor = time_scale(rows.loc[counted, "time_s"] if counted.any() else rows["time_s"])
    for axis, column, title, scale in zip(
        axes,
        ("time_s", "power_w", "energy_j"),
        (f"Time of a run ({unit})", "Power (W)", "Energy of a run (J)"),
        (factor, 1.0, 1.0),
        strict=True,
    ):
        _draw_rows(axis, rows, counted, column, fitted, scale)
        _draw_fitted(axis, fitted, column, choice, scale)
        axis.set_xlabel(f"{_knob_title(choice)} ({choice['unit']})")
        axis.set_ylabel(title)
        _draw_setting(axis, choice, named)
        if choice["label"] == "simulated":
            mark_simulated(axis)
    base_s = choice.get("baseline_time_s")
    if base_s is not None:
        limit = choice["limits"]["max_slowdown_share"]
        axes[0].axhline(
            factor * base_s * (1 + limit),
            color=RED,
            linestyle=":",
            linewidth=1.6,
            label=f"limit: {100 * limit:g} % slower",
        )


def legend_of(axes: Iterable[Axes]) -> tuple[list[Any], list[str]]:
    """Handles and texts of all axes, each text once."""
    handles = {
        text: handle for axis in axes for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    return list(handles.values()), list(handles)


def time_scale(seconds: pd.Series) -> tuple[str, float]:
    """Unit and factor in which times are short numbers."""
    return ("ms", 1000.0) if len(seconds) and float(seconds.median()) < SHORT_S else ("s", 1.0)


def mark_simulated(axis: Axes) -> None:
    axis.text(
        0.5,
        0.08,
        "SIMULATED",
        transform=axis.transAxes,
        ha="center",
        color="0.8",
        fontsize=14,
        weight="bold",
        zorder=0,
    )


def _draw_rows(
    axis: Axes, rows: pd.DataFrame, counted: pd.Series, column: str, fitted: pd.DataFrame, scale: float
) -> None:
    settings, values = rows["setting"].to_numpy(dtype=float), scale * rows[column].to_numpy(dtype=float)
    used = counted.to_numpy(dtype=bool)
    inner = values[used] if used.any() else values
    top = float(np.quantile(inner, MOST_ROWS))
    if column in fitted and len(fitted):
        top = max(top, scale * float(fitted[column].max()))
    top *= HEADROOM
    inside = values <= top
    for chosen, marker, colour, label in (
        (used, "o", GREY, "run that counts"),
        (~used, "x", ORANGE, "run set aside: cold, settling, throttled or at another setting"),
    ):
        here = chosen & inside
        if here.any():
            axis.plot(
                settings[here], values[here], marker, color=colour, markersize=3, alpha=0.5, label=label
            )
        above = chosen & ~inside
        if above.any():
            axis.plot(
                settings[above],
                np.full(above.sum(), top),
                "^",
                color=colour,
                markersize=5,
                alpha=0.7,
                clip_on=False,
                label="run above the axis",
            )
    axis.set_ylim(0, top)


def _draw_fitted(
    axis: Axes, fitted: pd.DataFrame, column: str, choice: Mapping[str, Any], scale: float
) -> None:
    if column not in fitted or fitted.empty:
        return
    fitted = fitted.sort_values("setting")
    settings = fitted["setting"].to_numpy(dtype=float)
    axis.plot(
        settings,
        scale * fitted[column].to_numpy(dtype=float),
        "-",
        color=BLUE,
        linewidth=1.6,
        label="fitted, for the choice",
    )
    ends = _ends(fitted, column, choice)
    if ends is not None:
        low, high = (scale * end for end in ends)
        axis.fill_between(settings, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 % interval")


def _ends(
    fitted: pd.DataFrame, column: str, choice: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Intervals of power, and of time and energy from those of slowdown and saving; None where there are none."""
    if column == "power_w":
        if "power_low_w" not in fitted:
            return None
        return fitted["power_low_w"].to_numpy(dtype=float), fitted["power_high_w"].to_numpy(dtype=float)
    base = choice.get(f"baseline_{column}")
    name, sign = {"time_s": ("slowdown", 1.0), "energy_j": ("saving", -1.0)}.get(column, (None, 0.0))
    if base is None or name is None:
        return None
    low, high = (base * (1 + sign * fitted[f"{name}_{end}"].to_numpy(dtype=float)) for end in ("low", "high"))
    return low, high


def _draw_setting(axis: Axes, choice: Mapping[str, Any], named: bool) -> None:
    def text(words: str, setting: int) -> str:
        return f"{words}: {setting} {choice['unit']}" if named else words

    axis.axvline(choice["maximum"], color=GREY, linewidth=1, label=text("maximum", choice["maximum"]))
    if choice["status"] == "use":
        axis.axvline(
            choice["setting"],
            color=GREEN,
            linestyle="--",
            linewidth=1.6,
            label=text("recommended", choice["setting"]),
        )
    elif choice.get("candidate") is not None:
        axis.axvline(
            choice["candidate"],
            color=ORANGE,
            linestyle="--",
            linewidth=1.4,
            label=text("best by the rule, not recommended", choice["candidate"]),
        )


def _knob_title(choice: Mapping[str, Any]) -> str:
    return "SM clock" if choice["knob"] == "clock" else "Power limit"
