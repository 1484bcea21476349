"""Laws of parts that run inside one layer and cannot be timed apart: gates and values of an LSTM or a GRU.

The layer's time is a sum of non-negative terms of its parts, fitted together; each part then gets its own terms as an
``additive`` law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.efficiency.measures import mean_error_share
from wattshed.law.operations.operation import Operation
from wattshed.law.profile.device_profile import TimeLaw

Numbers = NDArray[np.float64]
Parts = tuple[Operation, ...]
FORM = "additive"
# Relative errors up to this count squared, larger ones by their size.
ROBUST_SHARE = 0.1
ROUNDS = 15
COEFFICIENTS = ("start_s", "step_s", "flop_s", "byte_s", "tensor_s")


def _rate(name: str) -> Callable[[Operation], float]:
    return {
        "start_s": lambda one: 1.0,
        "step_s": lambda one: float(one.dependent_steps),
        "flop_s": lambda one: one.flops,
        "byte_s": lambda one: one.bytes_moved,
    }[name]


# Of each part in its place (input gates, hidden gates, values): the coefficients that it has. A layer has one start and
# one time per hour, which are counted with the first and the second part.
TERMS: tuple[tuple[str, ...], ...] = (
    ("start_s", "flop_s", "byte_s"),
    ("step_s", "flop_s", "byte_s"),
    ("flop_s",),
)


def fit_parts(parts: Sequence[Parts], time_s: Numbers, groups: Sequence[str], what: str) -> list[TimeLaw]:
    """One law for each part, in the parts' order; each has the error of the layer's whole time on left-out groups.

    Raises :class:`Fault` for fewer points than terms, and for a single group.
    """
    terms = [(place, name) for place, names in enumerate(TERMS) for name in names]
    if len(parts) < len(terms) + 2:
        raise Fault(
            f"{what}: {len(parts)} points are too few: a joint law with its check needs at least {len(terms) + 2}"
        )
    columns = np.array([[_rate(name)(one[place]) for place, name in terms] for one in parts], dtype=float)
    folds = group_folds(np.array(groups), what=what)
    held_out = np.empty(len(parts))
    for fold in np.unique(folds):
        out = folds == fold
        held_out[out] = columns[out] @ non_negative(columns[~out], time_s[~out], what)
    found = non_negative(columns, time_s, what)
    error_share = mean_error_share(held_out, time_s)
    laws = []
    for place in range(len(TERMS)):
        flops = np.array([one[place].flops for one in parts])
        coefficients = dict.fromkeys(COEFFICIENTS, 0.0)
        coefficients |= {
            name: float(value) for (where, name), value in zip(terms, found, strict=True) if where == place
        }
        laws.append(
            TimeLaw(FORM, coefficients, error_share, len(parts), float(flops.min()), float(flops.max()))
        )
    return laws


def non_negative(columns: Numbers, time_s: Numbers, what: str) -> Numbers:
    """Non-negative factors of columns [points, terms] with small relative errors, robust to outliers.

    By least squares of relative errors, weighted again and again (Huber's weights).
    """
    from scipy.optimize import nnls

    relative = columns / time_s[:, None]
    scale = relative.max(axis=0)
    scale[scale == 0] = 1.0
    scaled, weights = relative / scale, np.ones(len(time_s))
    found = np.zeros(columns.shape[1])
    for _ in range(ROUNDS):
        try:
            found = nnls(scaled * weights[:, None], weights)[0]
        except RuntimeError as error:
            raise Fault(
                f"{what}: no non-negative law fits: measure more sizes, from small to large"
            ) from error
        errors = np.abs(scaled @ found - 1)
        weights = np.sqrt(np.minimum(1.0, ROBUST_SHARE / np.maximum(errors, 1e-12)))
    return found / scale


def sum_time_s(laws: Sequence[TimeLaw], parts: Parts) -> float:
    """Seconds of a layer by the laws of its parts."""
    return sum(law_time_s(law, part) for law, part in zip(laws, parts, strict=True))
