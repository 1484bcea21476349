"""Laws of parts that run inside one layer and cannot be timed apart: gates and values of an LSTM or a GRU.

The layer's time is a sum of non-negative terms of its parts, fitted together; each part then gets its own terms as an
``additive`` law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.efficiency.linear import lane_share
from wattshed.law.efficiency.measures import mean_error_share
from wattshed.law.operations.operation import Operation
from wattshed.law.profile.device_profile import TimeLaw

Numbers = NDArray[np.float64]
Parts = tuple[Operation, ...]
FORM = "paged"
# Relative errors up to this count squared, larger ones by their size.
ROBUST_SHARE = 0.1
ROUNDS = 15
COEFFICIENTS = ("start_s", "step_s", "flop_s", "byte_s", "tensor_s", "lane_flop_s", "page_byte_s")
# Of the term of new pages; no call moves as many bytes as the last threshold, so that it stands for none.
PAGES = "page_byte_s"
LARGEST = 1e18
# So many points must be beyond a threshold.
LEAST_PAGED = 3
# Thresholds that are tried, of the bytes that the last part moves.
TRIED_PAGE_BYTES = (8e6, 1.2e7, 1.6e7, 2.2e7, 2.8e7, 3.4e7, 4e7, 5e7, 6.4e7, LARGEST)


def _rate(name: str) -> Callable[[Operation], float]:
    return {
        "start_s": lambda one: 1.0,
        "step_s": lambda one: float(one.dependent_steps),
        "flop_s": lambda one: one.flops,
        "lane_flop_s": lambda one: one.flops * lane_share(one.columns),
        "byte_s": lambda one: one.bytes_moved,
    }[name]


# Of each part in its place (input gates, hidden gates, values): the coefficients that it has. A layer has one start and
# one time per hour, which are counted with the first and the second part; the bytes of its last part tell whether its
# arrays are so large that every call gets new pages.
TERMS: tuple[tuple[str, ...], ...] = (
    ("start_s", "flop_s", "byte_s"),
    ("step_s", "flop_s", "byte_s"),
    ("flop_s", "lane_flop_s", "page_byte_s"),
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
    columns = np.array(
        [[0.0 if name == PAGES else _rate(name)(one[place]) for place, name in terms] for one in parts]
    )
    moved = np.array([one[-1].bytes_moved * lane_share(one[-1].columns) for one in parts])
    folds = group_folds(np.array(groups), what=what)
    held_out = np.empty(len(parts))
    for fold in np.unique(folds):
        out = folds == fold
        found, page_bytes = _fitted(columns[~out], moved[~out], time_s[~out], what)
        held_out[out] = _with_pages(columns[out], moved[out], page_bytes) @ found
    found, page_bytes = _fitted(columns, moved, time_s, what)
    error_share = mean_error_share(held_out, time_s)
    laws = []
    for place in range(len(TERMS)):
        flops = np.array([one[place].flops for one in parts])
        coefficients = dict.fromkeys(COEFFICIENTS, 0.0) | {"page_bytes": page_bytes}
        coefficients |= {
            name: float(value) for (where, name), value in zip(terms, found, strict=True) if where == place
        }
        laws.append(
            TimeLaw(FORM, coefficients, error_share, len(parts), float(flops.min()), float(flops.max()))
        )
    return laws


def _fitted(columns: Numbers, moved: Numbers, time_s: Numbers, what: str) -> tuple[Numbers, float]:
    """Factors of the columns, and the threshold of new pages that leaves the least relative errors."""
    best = (math.inf, np.zeros(0), 0.0)
    for page_bytes in TRIED_PAGE_BYTES:
        if page_bytes < LARGEST and not LEAST_PAGED <= (moved > page_bytes).sum() < len(moved):
            continue
        wider = _with_pages(columns, moved, page_bytes)
        found = non_negative(wider, time_s, what)
        error = float(np.minimum(np.abs(wider @ found / time_s - 1), 1.0).mean())
        if error < best[0]:
            best = error, found, page_bytes
    return best[1], best[2]


def _with_pages(columns: Numbers, moved: Numbers, page_bytes: float) -> Numbers:
    """The columns; the last one gets the bytes of calls beyond the threshold."""
    wider = columns.copy()
    wider[:, -1] = np.where(moved > page_bytes, moved, 0.0)
    return wider


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
