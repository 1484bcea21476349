"""Steps with their measured energies: what models of energy are fitted to and judged on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


# Every result on points that were removed by the error of a model carries these words.
SELECTED = "selected by outcome"


@dataclass(frozen=True)
class EnergyPoints:
    """N measured steps; every array has N rows.

    source: where they come from, for messages. predictors [N, P]: what the linear models take, such as durations of
    operations. energy_j [N]: measured, positive. sizes [N, Q]: of architecture and device, positive, known before
    anything runs. measured_time_s [N]: duration of the step that was measured. groups: by name, the value [N] by which
    a row can be left out. selected_by_outcome: points were removed by the error of a model, as the one who made them
    states or as :func:`~wattshed.law.energy.selection.detect_selection` finds; every result on them says so.

    Raises Fault for no rows, arrays of different lengths, missing or infinite numbers, energies that are not positive.
    """

    source: str
    predictors: NDArray[np.float64]
    predictor_names: tuple[str, ...]
    energy_j: NDArray[np.float64]
    sizes: NDArray[np.float64] | None = None
    size_names: tuple[str, ...] = ()
    measured_time_s: NDArray[np.float64] | None = None
    groups: Mapping[str, NDArray] = field(default_factory=dict)
    selected_by_outcome: bool = False

    def __post_init__(self) -> None:
        energy = self._column("energy_j", self.energy_j)
        if len(energy) == 0:
            raise Fault(f"{self.source} holds no measured steps: give a file with at least one row.")
        if (energy <= 0).any():
            row = int(np.flatnonzero(energy <= 0)[0])
            raise Fault(
                f"{self.source}, row {row + 1}: energy_j is {energy[row]:g}, but a measured energy is positive: "
                "remove the row or correct it."
            )
        object.__setattr__(self, "energy_j", energy)
        object.__setattr__(
            self, "predictors", self._table("predictors", self.predictors, self.predictor_names)
        )
        if self.sizes is not None:
            object.__setattr__(self, "sizes", self._table("sizes", self.sizes, self.size_names))
        if self.measured_time_s is not None:
            object.__setattr__(self, "measured_time_s", self._column("measured_time_s", self.measured_time_s))
        for name, values in self.groups.items():
            self._same_length(f"group {name!r}", len(values))

    def __len__(self) -> int:
        return len(self.energy_j)

    def take(self, rows: NDArray) -> EnergyPoints:
        """The points of these rows (numbers or a mask)."""
        return replace(
            self,
            predictors=self.predictors[rows],
            energy_j=self.energy_j[rows],
            sizes=None if self.sizes is None else self.sizes[rows],
            measured_time_s=None if self.measured_time_s is None else self.measured_time_s[rows],
            groups={name: np.asarray(values)[rows] for name, values in self.groups.items()},
        )

    def column(self, name: str) -> NDArray[np.float64]:
        """A predictor [N] by its name."""
        if name not in self.predictor_names:
            raise Fault(
                f"{self.source} has no predictor {name!r}: it has {', '.join(self.predictor_names)}; name one of them."
            )
        return self.predictors[:, self.predictor_names.index(name)]

    def _table(self, what: str, values: ArrayLike, names: tuple[str, ...]) -> NDArray[np.float64]:
        table = np.asarray(values, dtype=np.float64)
        if table.ndim != 2 or table.shape[1] != len(names):
            raise Fault(
                f"{self.source}: {what} have the shape {list(table.shape)}, but {len(names)} names were given: give "
                "one column per name."
            )
        self._same_length(what, len(table))
        self._finite(table, lambda place: names[place])
        return table

    def _column(self, name: str, values: ArrayLike) -> NDArray[np.float64]:
        column = np.asarray(values, dtype=np.float64)
        if column.ndim != 1:
            raise Fault(
                f"{self.source}: {name} has the shape {list(column.shape)}; give one number per step."
            )
        if name != "energy_j":
            self._same_length(name, len(column))
        self._finite(column[:, None], lambda _: name)
        return column

    def _same_length(self, what: str, length: int) -> None:
        if length != len(self.energy_j):
            raise Fault(
                f"{self.source}: {what} has {length} rows and energy_j {len(self.energy_j)}: give one row per step."
            )

    def _finite(self, table: NDArray[np.float64], name_of: Callable[[int], str]) -> None:
        bad = np.argwhere(~np.isfinite(table))
        if len(bad):
            row, place = (int(one) for one in bad[0])
            raise Fault(
                f"{self.source}, row {row + 1}: {name_of(place)} is {table[row, place]}, "
                "but a finite number is needed: remove the row or correct it."
            )
