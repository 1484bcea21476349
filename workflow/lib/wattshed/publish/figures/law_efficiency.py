"""Figure: share of the peak against the size of an operation, measured and by three laws."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from wattshed.calibration.fits.laws_of_kinds import Key
from wattshed.calibration.studies.rivals import kernel_points
from wattshed.law.efficiency.curves import DRAWN, efficiency_curves
from wattshed.law.efficiency.laws import KernelPoints
from wattshed.law.efficiency.sizes import Sizes, sizes_of
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import TimeLaw
from wattshed.publish.drawing.empty_figure import words_figure
from wattshed.publish.drawing.figure_part import FigurePart
from wattshed.publish.drawing.figure_style import COLOURS, DASHES, GREY, set_style
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.profiled import LAW_NAMES, forms_of, operation_name, profile_of

COLUMNS = 3
LEAST_POINTS = 5
# What these take is the moving of bytes: a share of the peak of products says nothing of them.
MOVING = {
    *(Kind.SOFTMAX, Kind.NORMALISATION, Kind.ELEMENTWISE, Kind.EMBEDDING, Kind.LOSS, Kind.TOKEN_LOSS),
    *(Kind.POOLING, Kind.BATCH, Kind.HISTORIES),
    *(Kind.CLIPPING, Kind.OPTIMISER),
}
MARKERS = {Direction.FORWARD: "o", Direction.BACKWARD: "^", Direction.UPDATE: "s"}


def law_efficiency_figure(
    points: Mapping[Key, KernelPoints], forms: Mapping[Key, Mapping[str, TimeLaw]]
) -> Figure:
    """One panel per kind of operation that computes products: measured share of the peak against TFLOP of a call, by
    direction, and the laws of the first direction that was measured.

    points: kernels by operation; forms: laws by operation and form. The peak is the highest rate that any kernel
    reached: a device's stated peak is not known here.
    """
    known = {
        key: one for key, one in points.items() if key in forms and key[0] not in MOVING and _computes(one)
    }
    if not known:
        return words_figure("The profile keeps no kernel that has both FLOPs and a law.")
    set_style()
    sizes = {key: sizes_of(one.operations) for key, one in known.items()}
    peak = max(float((sizes[key].flops / one.time_s).max()) for key, one in known.items())
    kinds = [kind for kind in Kind if any(key[0] == kind for key in known)]
    lines = math.ceil(len(kinds) / COLUMNS)
    figure, axes = plt.subplots(
        lines, COLUMNS, figsize=(9.0, 0.8 + 2.1 * lines), squeeze=False, sharex=True, sharey=True
    )
    for axis, kind in zip(axes.flat, kinds, strict=False):
        own = {key[1]: one for key, one in known.items() if key[0] == kind}
        _draw(axis, own, {key[1]: found for key, found in sizes.items() if key[0] == kind}, forms, peak)
        axis.set_title(operation_name(kind))
    for place, axis in enumerate(axes.flat):
        if place >= len(kinds):
            axis.set_axis_off()
        elif place + COLUMNS >= len(kinds):
            axis.tick_params(labelbottom=True)
            axis.set_xlabel("c: TFLOP of one call")
    for axis in axes[:, 0]:
        axis.set_ylabel("Share of the peak")
    named: dict[str, Artist] = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=6)
    figure.suptitle(
        f"Peak: {peak / 1e9:.1f} GFLOP/s, the highest rate of any kernel", fontsize="small", color=GREY
    )
    return figure


def _computes(points: KernelPoints) -> bool:
    return len(points.operations) >= LEAST_POINTS and all(one.flops > 0 for one in points.operations)


def _draw(
    axis: Axes,
    points: Mapping[Direction, KernelPoints],
    sizes: Mapping[Direction, Sizes],
    forms: Mapping[Key, Mapping[str, TimeLaw]],
    peak: float,
) -> None:
    first = next(direction for direction in Direction if direction in points)
    for direction, own in points.items():
        laws = {name: law for name, law in forms[own.kind, direction].items() if name in DRAWN}
        found = efficiency_curves(sizes[direction], np.asarray(own.time_s), laws, peak, grid=60)
        axis.plot(
            found.c_tflop,
            found.efficiency,
            MARKERS[direction],
            markersize=3.2,
            color=GREY,
            mfc=GREY if direction == first else "none",
            label=f"measured, {direction}",
        )
        if direction != first:
            continue
        for number, name in enumerate(DRAWN):
            if name in found.by_form:
                axis.plot(
                    found.grid_tflop,
                    found.by_form[name],
                    linestyle=DASHES[number],
                    color=COLOURS[number],
                    label=f"{LAW_NAMES.get(name, name)} law",
                )
    axis.set(xscale="log", yscale="log")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))


def _make(inputs: Inputs) -> Figure:
    return law_efficiency_figure(kernel_points(profile_of(inputs)), forms_of(inputs))


FIGURE = FigurePart(
    message="Draw the efficiency of operations against their size",
    caption="Share of the peak that one call of an operation reaches, against its size c: the kernels of the "
    "calibration, and the source's efficiency law beside an affine and a roofline law, fitted to the filled ones. "
    "Bytes and steps of a law's line follow those of the measured sizes.",
    inputs=("law_profile",),
    make=_make,
)
