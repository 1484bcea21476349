"""Which coefficients of a linear model can be found at all from given predictors, and which only as sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wattshed.law.energy.linear import spreads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wattshed.law.energy.points import EnergyPoints

# |r| of columns that differ by rounding only, and from which two columns are called nearly identical.
SAME, NEARLY = 1 - 1e-9, 0.99
# A variance inflation beyond this is usually called harmful.
HIGH_INFLATION = 10.0
# Singular values below this share of the largest are rounding.
RANK_SHARE = 1e-10


@dataclass(frozen=True)
class Identifiability:
    """What predictors allow.

    condition: of the standardised columns, infinite where they depend on each other; raw_condition: of the columns as
    given, with a column of ones. rank: of the standardised columns. identical, nearly_identical: pairs with their
    correlation. constant: columns that never vary. inflation: variance inflation by column, infinite for one that
    others give exactly. not_identified: coefficients that data cannot tell; weak: those with an inflation above 10.
    """

    columns: tuple[str, ...]
    rank: int
    condition: float
    raw_condition: float
    identical: tuple[tuple[str, str, float], ...]
    nearly_identical: tuple[tuple[str, str, float], ...]
    constant: tuple[str, ...]
    inflation: Mapping[str, float]
    not_identified: tuple[str, ...]
    weak: tuple[str, ...]

    def sums(self, coefficients: Mapping[str, float]) -> dict[str, float]:
        """Sums of the coefficients of identical columns, by ``first + second``: these are what data can tell.

        A sum stays the same when the coefficients of its columns are exchanged. The columns have one scale; else the
        sum means nothing, and the pair is left out.
        """
        return {
            " + ".join(group): sum(coefficients[name] for name in group) for group in self._identical_groups()
        }

    def _identical_groups(self) -> list[list[str]]:
        groups: list[list[str]] = []
        for first, second, _ in self.identical:
            home = next((group for group in groups if first in group or second in group), None)
            if home is None:
                groups.append([first, second])
            else:
                home.extend(name for name in (first, second) if name not in home)
        return groups

    def to_json(self) -> dict[str, Any]:
        """Plain values; infinite numbers become the word ``infinite``."""
        found = asdict(self) | {"inflation": dict(self.inflation)}
        found["inflation"] = {name: _finite(value) for name, value in self.inflation.items()}
        return found | {key: _finite(found[key]) for key in ("condition", "raw_condition")}


def identifiability(points: EnergyPoints) -> Identifiability:
    """Condition, dependent columns and variance inflation of the predictors of these points."""
    x, names = points.predictors, points.predictor_names
    centre = x.mean(axis=0)
    scale = np.abs(x).max(axis=0)
    varies = x.std(axis=0) > 1e-12 * scale
    z = ((x - centre) / spreads(x))[:, varies]
    moving = [name for name, moves in zip(names, varies, strict=True) if moves]
    singular = np.linalg.svd(z, compute_uv=False) if z.shape[1] else np.zeros(0)
    rank = int((singular > RANK_SHARE * singular[0]).sum()) if len(singular) and singular[0] > 0 else 0
    condition = (
        float(singular[0] / singular[-1]) if rank == len(moving) == len(names) and rank else float("inf")
    )
    inflation = {name: float("inf") for name in names}
    for place, name in enumerate(moving):
        inflation[name] = _inflation(z, place)
    identical, nearly = _pairs(z, moving)
    unknown = tuple(name for name in names if np.isinf(inflation[name]))
    return Identifiability(
        columns=names,
        rank=rank,
        condition=condition,
        raw_condition=float(np.linalg.cond(np.column_stack([np.ones(len(x)), x]))),
        identical=identical,
        nearly_identical=nearly,
        constant=tuple(name for name, moves in zip(names, varies, strict=True) if not moves),
        inflation=inflation,
        not_identified=unknown,
        weak=tuple(name for name in names if HIGH_INFLATION < inflation[name] < float("inf")),
    )


def _inflation(z: NDArray[np.float64], place: int) -> float:
    """1 / (1 - R2) of a standardised column on all others."""
    others = np.delete(z, place, axis=1)
    if not others.shape[1]:
        return 1.0
    column = z[:, place]
    left = column - others @ np.linalg.lstsq(others, column, rcond=RANK_SHARE)[0]
    unexplained = float(left @ left / (column @ column))
    return float("inf") if unexplained < RANK_SHARE else 1 / unexplained


def _pairs(
    z: NDArray[np.float64], names: list[str]
) -> tuple[tuple[tuple[str, str, float], ...], tuple[tuple[str, str, float], ...]]:
    identical, nearly = [], []
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            a, b = z[:, first], z[:, second]
            r = float(a @ b / np.sqrt((a @ a) * (b @ b)))
            if abs(r) >= SAME:
                identical.append((names[first], names[second], r))
            elif abs(r) >= NEARLY:
                nearly.append((names[first], names[second], r))
    return tuple(identical), tuple(nearly)


def _finite(value: float) -> float | str:
    return value if np.isfinite(value) else "infinite"
