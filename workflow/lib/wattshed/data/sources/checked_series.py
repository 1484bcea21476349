"""What every series of regions must be: finite, of the same regions, without a region that never changes."""

from collections.abc import Sequence

import numpy as np

from wattshed.data.panel import LARGEST
from wattshed.foundation.faults import Fault


def checked_values(values: np.ndarray, regions: Sequence[str], where: str) -> np.ndarray:
    """The samples as float32 [samples, R].

    values: [samples, R] of any numeric type. where: names the series for messages. Raises :class:`Fault` for another
    shape, for NaN and infinity, and for a region that is constant: its correlations are undefined.
    """
    if values.ndim != 2 or values.shape[1] != len(regions):
        raise Fault(
            f"{where} has the shape {list(values.shape)}; expected [samples, {len(regions)}], one column for each "
            "region as in the other series: correct it, or transpose it if its rows are the regions."
        )
    found = values.astype(np.float64)
    broken = ~np.isfinite(found)
    if broken.any():
        sample, region = (int(index[0]) for index in np.nonzero(broken))
        raise Fault(
            f"{where}: sample {sample + 1} of region {regions[region]!r} is missing, not finite or no number; "
            "expected a number in every cell, since correlations need all regions: fill it or leave the sample out."
        )
    if np.abs(found).max(initial=0.0) > LARGEST:
        raise Fault(
            f"{where}: the largest value is {np.abs(found).max():.3g}; expected numbers that fit 32-bit floats: "
            "use another unit."
        )
    single = found.astype(np.float32)
    constant = np.ptp(single, axis=0) == 0
    if constant.any():
        raise Fault(
            f"{where}: region {regions[int(np.argmax(constant))]!r} has one value in all {len(single)} samples, "
            "so that its correlations are undefined; expected a series that changes: correct it, or leave the "
            "region out of all series."
        )
    return single
