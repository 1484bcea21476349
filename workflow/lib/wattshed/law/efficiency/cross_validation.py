"""Grouped cross-validation: sizes that belong together are left out together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.sizes import Numbers, Sizes

FOLDS = 5


def group_folds(groups: ArrayLike, folds: int = FOLDS, what: str = "the points") -> NDArray[np.int64]:
    """The fold of each point: whole groups, the largest first, each to the fold with the fewest points.

    groups: labels [points]. Fewer groups than folds give as many folds as groups; Fault for one group.
    """
    labels = np.asarray(groups)
    names, belongs, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise Fault(
            f"{what}: all belong to one group ({', '.join(map(str, names))}): cross-validation leaves groups out, "
            "so give at least two, such as two widths"
        )
    filled = np.zeros(min(folds, len(names)), dtype=np.int64)
    fold_of = np.empty(len(names), dtype=np.int64)
    for group in np.argsort(-counts, kind="stable"):
        fold_of[group] = int(np.argmin(filled))
        filled[fold_of[group]] += counts[group]
    return fold_of[belongs.reshape(labels.shape)]


def held_out_times(
    fitted: Callable[[Sizes, Numbers], Any],
    times_s: Callable[[Any, Sizes], Numbers],
    sizes: Sizes,
    time_s: Numbers,
    folds: NDArray[np.int64],
) -> Numbers:
    """Each point's time [s] by a fit without its fold.

    fitted: of sizes and times to coefficients; times_s: of coefficients and sizes to times.
    """
    predicted = np.empty(len(time_s))
    for fold in np.unique(folds):
        out = folds == fold
        predicted[out] = times_s(fitted(sizes.taken(~out), time_s[~out]), sizes.taken(out))
    return predicted
