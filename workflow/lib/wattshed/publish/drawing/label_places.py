"""Labels beside points, placed so that no label covers another label or a point."""

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

DISTANCES_PT = (5, 12, 20, 30, 42, 56, 72)
HORIZONTAL: dict[int, Literal["left", "center", "right"]] = {1: "left", 0: "center", -1: "right"}
VERTICAL: dict[int, Literal["bottom", "center", "top"]] = {1: "bottom", 0: "center", -1: "top"}
DIRECTIONS = ((1, 0), (1, 1), (1, -1), (-1, 0), (-1, 1), (-1, -1), (0, 1), (0, -1))
POINT_PT = 4.5


def place_labels(
    axis: Axes, points: np.ndarray, texts: list[str], lines: Sequence[np.ndarray] = ()
) -> list[Bbox]:
    """Write each text near its point (data coordinates [n, 2]) and return the labels' boxes in pixels.

    Positions are tried from near to far. One that leaves the axes or touches a label, a point or one of the ``lines``
    (corners in data coordinates [m, 2] each) is skipped. Labels that had to move get a thin line to their point.
    The axes' limits must be final.
    """
    figure = axis.figure.get_figure(root=True)
    assert figure is not None
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    scale = figure.dpi / 72
    pixels = axis.transData.transform(points)
    taken = [_around(pixel, POINT_PT * scale) for pixel in pixels]
    for line in lines:
        taken += _along(axis.transData.transform(line), scale)
    inside = axis.get_window_extent(renderer)
    labels: list[Bbox] = []
    for point, text in sorted(zip(points.tolist(), texts, strict=True), key=lambda pair: pair[0][1]):
        label = axis.annotate(text, point, xytext=(0, 0), textcoords="offset points", fontsize="small")
        for distance, (right, up) in itertools.product(DISTANCES_PT, DIRECTIONS):
            label.set_position((right * distance, up * distance))
            label.set_horizontalalignment(HORIZONTAL[right])
            label.set_verticalalignment(VERTICAL[up])
            box = label.get_window_extent(renderer)
            if not any(box.overlaps(other) for other in taken) and _holds(inside, box):
                break
        if distance > DISTANCES_PT[0]:
            leader = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
            axis.annotate(
                "", point, xytext=label.get_position(), textcoords="offset points", arrowprops=leader
            )
        taken.append(box)
        labels.append(box)
    return labels


def _around(centre: np.ndarray, reach: float) -> Bbox:
    return Bbox([centre - reach, centre + reach])


def _along(corners: np.ndarray, scale: float) -> list[Bbox]:
    """Thin boxes along a line of horizontal and vertical pieces."""
    return [
        Bbox([np.minimum(a, b) - scale, np.maximum(a, b) + scale]) for a, b in itertools.pairwise(corners)
    ]


def _holds(outer: Bbox, inner: Bbox) -> bool:
    return bool(
        outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1
    )
