"""Whether published parameter rows belong to the operations that they are printed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.mayaki import efficiency_law
from wattshed.law.efficiency.measures import mean_error_share, r2
from wattshed.law.efficiency.sizes import Numbers

RESAMPLES = 1000
# An exchange is told if it explains the data better in this share of resamples, and by this share of the error.
SURE = 0.95
LESS_ERROR = 0.9


@dataclass(frozen=True)
class ParameterRow:
    """eta_max (a fraction), k and alpha of the source's law, as printed for an operation."""

    eta_max_share: float
    k: float
    alpha: float

    def efficiency(self, flops: Numbers) -> Numbers:
        """Fraction of the peak."""
        return efficiency_law(flops / 1e12, self.eta_max_share, self.k, self.alpha)


@dataclass(frozen=True)
class MeasuredOperation:
    """Measured efficiencies of an operation: arrays [points]; groups: sizes that are resampled together."""

    flops: Numbers
    efficiency: Numbers
    groups: NDArray[np.generic]


@dataclass(frozen=True)
class RowFit:
    """How well the row printed for ``row`` explains the data of ``operation``."""

    row: str
    operation: str
    r2: float
    time_error_share: float


@dataclass(frozen=True)
class Exchange:
    """What the data say of a table's rows.

    assignment: for each row the operation whose data it explains, one for each, with the least error in all;
    exchanged: chains of operations whose rows changed places, empty if they are where they are printed;
    support_share: share of resamples of groups in which ``assignment`` explains more than the table as printed;
    error_share: its squared error against that of the table as printed.
    """

    fits: tuple[RowFit, ...]
    assignment: Mapping[str, str]
    exchanged: tuple[tuple[str, ...], ...]
    support_share: float
    error_share: float

    def sentence(self) -> str:
        """The finding in words."""
        if not self.exchanged:
            moved = [row for row, operation in self.assignment.items() if row != operation]
            if not moved:
                return "Every row explains its own operation's data best."
            return (
                f"The rows of {' and '.join(moved)} fit better elsewhere, but not surely: in "
                f"{100 * self.support_share:.0f} % of resamples, with {100 * self.error_share:.0f} % of the error."
            )
        named = "; ".join(" and ".join(chain) for chain in self.exchanged)
        return (
            f"The rows of {named} are exchanged: exchanged back they leave {100 * self.error_share:.0f} % of the "
            f"squared error, in {100 * self.support_share:.0f} % of resamples less than as printed."
        )


def find_exchange(
    rows: Mapping[str, ParameterRow],
    measured: Mapping[str, MeasuredOperation],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Exchange:
    """Compare every row with every operation's data, and find the assignment with the least squared error.

    The error is that of the efficiency, in units of each operation's variance: rows come from least squares of the
    efficiency, so on its own data no other row can be clearly better. Fault for names without rows or data.
    """
    names = list(rows)
    if set(names) != set(measured) or len(names) < 2:
        raise Fault(
            f"exchanged rows: rows for {', '.join(names)} and data for {', '.join(measured)}: expected at least two "
            "operations, each with a row and with data"
        )
    fits, by_group = [], []
    for operation in names:
        data = measured[operation]
        _check(operation, data)
        predicted = {row: rows[row].efficiency(data.flops) for row in names}
        # 1 / time of a given FLOPs: the peak cancels.
        fits += [
            RowFit(
                row,
                operation,
                r2(predicted[row], data.efficiency),
                mean_error_share(1 / predicted[row], 1 / data.efficiency),
            )
            for row in names
        ]
        by_group.append(_errors_by_group(np.stack([predicted[row] for row in names]), data))
    point = np.stack([one.sum(axis=1) for one in by_group], axis=1)
    chosen = _assigned(point)
    random = np.random.default_rng(seed)
    gains = np.zeros(resamples)
    own = np.arange(len(names))
    for at, one in enumerate(by_group):
        weights = random.multinomial(one.shape[1], np.full(one.shape[1], 1 / one.shape[1]), size=resamples)
        gains += weights @ (one[at] - one[int(np.flatnonzero(chosen == at)[0])])
    printed = float(point[own, own].sum())
    error_share = float(point[own, chosen].sum()) / printed if printed > 0 else 1.0
    support = float(np.mean(gains > 0))
    sure = support >= SURE and error_share <= LESS_ERROR
    return Exchange(
        tuple(fits),
        {row: names[int(at)] for row, at in zip(names, chosen, strict=True)},
        tuple(_chains(names, chosen)) if sure else (),
        support,
        error_share,
    )


def _check(operation: str, data: MeasuredOperation) -> None:
    if not len(data.flops) == len(data.efficiency) == len(data.groups):
        raise Fault(
            f"{operation}: FLOPs, efficiencies and groups differ in length: give one of each per point"
        )
    usable = np.isfinite(data.flops) & np.isfinite(data.efficiency) & (data.flops > 0) & (data.efficiency > 0)
    if not usable.all():
        at = int(np.argmin(usable))
        raise Fault(
            f"{operation}: position {at} has {data.flops[at]} FLOPs and an efficiency of {data.efficiency[at]}: "
            "expected numbers above 0"
        )
    if len(np.unique(data.groups)) < 2 or np.ptp(data.efficiency) == 0:
        raise Fault(f"{operation}: its data vary too little: give at least two groups and two efficiencies")


def _errors_by_group(predicted: Numbers, data: MeasuredOperation) -> Numbers:
    """Squared errors of each row [rows, groups], in units of the data's variance, so that all groups sum to 1 - R2."""
    spread = np.sum((data.efficiency - data.efficiency.mean()) ** 2)
    squared = (predicted - data.efficiency) ** 2 / spread
    _, belongs = np.unique(data.groups, return_inverse=True)
    return np.stack([np.bincount(belongs.ravel(), weights=one) for one in squared])


def _assigned(errors: Numbers) -> NDArray[np.int64]:
    """For each row of errors [rows, operations] its operation."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(errors)[1], dtype=np.int64)


def _chains(names: list[str], chosen: NDArray[np.int64]) -> list[tuple[str, ...]]:
    """Cycles of the assignment with more than one operation, in the order of the names."""
    seen: set[int] = set()
    chains = []
    for start in range(len(names)):
        chain = []
        at = start
        while at not in seen:
            seen.add(at)
            chain.append(names[at])
            at = int(chosen[at])
        if len(chain) > 1:
            chains.append(tuple(chain))
    return chains
