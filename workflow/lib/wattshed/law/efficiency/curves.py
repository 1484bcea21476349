"""Arrays that draw the efficiency of an operation against its FLOPs, measured and by each law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.measures import efficiencies
from wattshed.law.efficiency.sizes import Numbers, Sizes, check_points
from wattshed.law.profile.device_profile import TimeLaw

DRAWN = ("efficiency", "affine", "roofline")


@dataclass(frozen=True)
class EfficiencyCurves:
    """c_tflop, efficiency: of the measured points; grid_tflop [grid]; by_form: efficiencies on the grid by law.

    Efficiencies are fractions of ``peak_flop_per_s``.
    """

    c_tflop: Numbers
    efficiency: Numbers
    grid_tflop: Numbers
    by_form: Mapping[str, Numbers]
    peak_flop_per_s: float


def efficiency_curves(
    sizes: Sizes,
    time_s: Numbers,
    laws: Mapping[str, TimeLaw] | None = None,
    peak_flop_per_s: float | None = None,
    grid: int = 200,
    what: str = "the points",
) -> EfficiencyCurves:
    """Measured points and the curves of the laws.

    laws: fitted ones by form; without them the source's law, affine and roofline are fitted here. peak_flop_per_s: of
    the device; the highest measured rate without it. Along a curve the other sizes of an operation (bytes, steps) grow
    with a power of its FLOPs, by least squares through all points.
    """
    check_points(sizes, time_s, what, 5)
    if not (sizes.flops > 0).all():
        raise Fault(f"{what}: an efficiency needs FLOPs above 0 at every point: leave the others out")
    if laws is None:
        coefficients = {form: (form, LAWS[form].fitted(sizes, time_s, what)) for form in DRAWN}
    else:
        coefficients = {name: (law.form, dict(law.coefficients)) for name, law in laws.items()}
        unknown = [form for form, _ in coefficients.values() if form not in LAWS]
        if unknown:
            raise Fault(f"{what}: the law {unknown[0]!r} is unknown: expected one of {', '.join(LAWS)}")
    peak = float((sizes.flops / time_s).max()) if peak_flop_per_s is None else peak_flop_per_s
    flops = np.geomspace(sizes.flops.min(), sizes.flops.max(), grid)
    path = _along(sizes, flops)
    return EfficiencyCurves(
        sizes.flops / 1e12,
        efficiencies(sizes.flops, time_s, peak),
        flops / 1e12,
        {
            name: efficiencies(flops, LAWS[form].times_s(one, path), peak)
            for name, (form, one) in coefficients.items()
        },
        peak,
    )


def _along(sizes: Sizes, flops: Numbers) -> Sizes:
    """Sizes of operations of so many FLOPs, by a power of the FLOPs; the median where a size is 0 somewhere."""
    log_flops = np.log(sizes.flops)
    centred = log_flops - log_flops.mean()
    spread = float(centred @ centred)

    def power(column: Numbers) -> Numbers:
        if not (column > 0).all():
            return np.full(len(flops), np.median(column))
        log_column = np.log(column)
        slope = float(centred @ log_column) / spread if spread > 0 else 0.0
        return np.asarray(np.exp(log_column.mean() + slope * (np.log(flops) - log_flops.mean())))

    others = ("bytes_moved", "dependent_steps", "tensors", "products", "left", "right", "out", "widths")
    return Sizes(flops, *(power(getattr(sizes, name)) for name in others))
