"""Figure: share of the peak against the size of an operation, measured and by three laws."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.sizes import Sizes, sizes_from
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, DASHES, GREY, set_style
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.profiled import LAW_NAMES, forms_of, operation_name, profile_of

FORMS = ("efficiency", "affine", "roofline")
COLUMNS = 3
TERA = 1e12


def law_efficiency_figure(kernels: pd.DataFrame, profile: DeviceProfile) -> Figure:
    """One panel per kind of operation: measured share of the peak against TFLOP of a call, forward and backward, and
    the laws of the forward pass.

    kernels: ``kind, direction, flops, bytes_moved, dependent_steps, tensors, time_s``. The peak is the highest rate
    that any kernel reached: a device's stated peak is not known here.
    """
    # Operations without a law in the profile, and those that compute nothing, have no efficiency to draw.
    laws = {(str(kind), str(direction)) for kind, direction in profile.laws}
    known = kernels[kernels["flops"].gt(0) & kernels["time_s"].gt(0)]
    known = known[[key in laws for key in zip(known["kind"], known["direction"], strict=True)]]
    if known.empty:
        return words_figure("No kernel of the calibration has both FLOPs and a law.")
    set_style()
    peak = float((known["flops"] / known["time_s"]).max())
    kinds = [str(kind) for kind in Kind if str(kind) in set(known["kind"])]
    lines = math.ceil(len(kinds) / COLUMNS)
    figure, axes = plt.subplots(
        lines, COLUMNS, figsize=(9.0, 0.7 + 2.1 * lines), squeeze=False, sharex=True, sharey=True
    )
    for axis, kind in zip(axes.flat, kinds, strict=False):
        _draw(axis, known[known["kind"] == kind], kind, profile, peak)
    for axis in axes.flat[len(kinds) :]:
        axis.set_axis_off()
    for place, axis in enumerate(axes.flat[: len(kinds)]):
        if place + COLUMNS >= len(kinds):
            axis.tick_params(labelbottom=True)
            axis.set_xlabel("c: TFLOP of one call")
    for axis in axes[:, 0]:
        axis.set_ylabel("Share of the peak")
    handles: dict[str, object] = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=5)
    figure.suptitle(f"Peak: {peak / 1e9:.1f} GFLOP/s, the highest rate of any kernel", fontsize="small", color=GREY)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, kind: str, profile: DeviceProfile, peak: float) -> None:
    for direction, marker in (("forward", "o"), ("backward", "^"), ("update", "s")):
        own = rows[rows["direction"] == direction]
        if own.empty:
            continue
        axis.plot(
            own["flops"] / TERA,
            own["flops"] / own["time_s"] / peak,
            marker,
            markersize=3.4,
            color=GREY,
            mfc=GREY if direction == "forward" else "none",
            label=f"measured, {direction}",
        )
    first = next(name for name in map(str, Direction) if (rows["direction"] == name).any())
    own = rows[rows["direction"] == first].sort_values("flops")
    found = forms_of(profile, (Kind(kind), Direction(first)))
    for number, form in enumerate(FORMS):
        if form in found:
            c, share = _curve(found[form], own, peak)
            axis.plot(c, share, linestyle=DASHES[number], color=COLOURS[number], label=f"{LAW_NAMES[form]} law, forward")
    axis.set(xscale="log", yscale="log", title=operation_name(kind))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))


def _curve(law: TimeLaw, rows: pd.DataFrame, peak: float) -> tuple[np.ndarray, np.ndarray]:
    """The law's share of the peak from the least to the largest call, at the typical bytes of a call of that size."""
    flops = np.geomspace(rows["flops"].min(), rows["flops"].max(), 60)
    log_flops = np.log(rows["flops"].to_numpy(dtype=float))
    log_bytes = np.log(np.maximum(rows["bytes_moved"].to_numpy(dtype=float), 1.0))
    # A power law through the measured sizes.
    slope, start = np.polyfit(log_flops, log_bytes, 1) if len(rows) > 1 else (0.0, log_bytes[0])
    sizes: Sizes = sizes_from(flops, np.exp(start + slope * np.log(flops)), None, None)
    return flops / TERA, flops / LAWS[law.form].times_s(law.coefficients, sizes) / peak


def _make(inputs: Inputs) -> Figure:
    return law_efficiency_figure(inputs.frame("law_kernels"), profile_of(inputs))


FIGURE = FigurePart(
    message="Draw the efficiency of operations against their size",
    caption="Share of the peak that one call of an operation reaches, against its size c: measured kernels, and the "
    "source's efficiency law beside an affine and a roofline law, fitted to the same forward kernels. The roofline is "
    "drawn at the bytes that calls of that size move on average.",
    inputs=("law_kernels", "law_profile"),
    make=_make,
)
