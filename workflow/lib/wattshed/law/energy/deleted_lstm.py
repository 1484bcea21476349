"""The LSTM steps that the source measured but left out of its file of energies: they are in its file of efficiencies.

Both files are released. The second holds an energy for each step of the first, to the last digit, and for thousands
of others of the same GPU. Durations are not in it; they follow from the sizes by the laws below, which give all
durations of the first file to twelve digits. These laws are not those of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.model import EnergyModel
from wattshed.law.energy.points import EnergyPoints
from wattshed.law.energy.published_regression import ACTIVATIONS, CELL, GATES, HIDDEN
from wattshed.law.energy.recorded import (
    JOULES_PER_KWH,
    LSTM_SIZES,
    joined_groups,
    number_table,
    read_rows,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERYTHING_FILE = "lstm_efficiency.csv"
# eta_max [%], k, alpha of eta = eta_max (1 - exp(-k c^alpha)), c in TFLOP, recovered from the released durations.
LAWS = {
    ACTIVATIONS: (9.93219047e-2, 7.77043137e3, 8.59619314e-1),
    CELL: (5.55983071e-2, 8.76523823e3, 8.35824114e-1),
    GATES: (4.147647791e1, 2.026622581e1, 8.3458786e-1),
    HIDDEN: (9.84169380e-2, 7.28108582e3, 8.54343227e-1),
}
PEAK_TFLOP_S = 156.0


def read_all_lstm_energies(path: Path, kept: EnergyPoints) -> tuple[EnergyPoints, NDArray[np.bool_]]:
    """All LSTM steps of the A100, and which of them [N] are in the file of energies.

    path: the released file of efficiencies; kept: the points of the released file of energies. Raises Fault where a
    kept step is not among all steps, as then the files do not belong together.
    """
    rows = read_rows(path, {*LSTM_SIZES, "component", "source", "seq_len", "energy_consumed_kWh"})
    rows = [row for row in rows if "A100" in row["source"]]
    if not rows:
        raise Fault(f"{path} holds no steps of an A100: give the released file of efficiencies.")
    sizes = number_table(path, rows, LSTM_SIZES)
    steps = number_table(path, rows, ["seq_len"])[:, 0]
    groups = {name: np.array([row[name] for row in rows]) for name in (*LSTM_SIZES, "component")}
    groups["configuration"] = joined_groups(groups, LSTM_SIZES)
    everything = EnergyPoints(
        source=path.name,
        predictors=_durations(sizes, steps),
        predictor_names=tuple(LAWS),
        energy_j=number_table(path, rows, ["energy_consumed_kWh"])[:, 0] * JOULES_PER_KWH,
        sizes=sizes,
        size_names=LSTM_SIZES,
        groups=groups,
    )
    names = ("configuration", "component")
    wanted = set(joined_groups(kept.groups, names))
    mask = np.isin(joined_groups(groups, names), list(wanted))
    if mask.sum() != len(kept):
        raise Fault(
            f"{path} holds {int(mask.sum())} of the {len(kept)} steps of {kept.source}: give the file of efficiencies "
            "of the same release."
        )
    return everything, mask


def _durations(sizes: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pseudo-microseconds [N, 4] of activations, cell update, input gates and hidden update."""
    batch, inputs, hidden = sizes.T
    flops = {
        ACTIVATIONS: 4 * batch * hidden,
        CELL: 2 * batch * hidden,
        GATES: 8 * batch * inputs * hidden,
        HIDDEN: 2 * batch * hidden,
    }
    columns = []
    for name, (eta_max, k, alpha) in LAWS.items():
        tera = flops[name] / 1e12
        efficiency = eta_max * -np.expm1(-k * tera**alpha)
        columns.append(steps * tera / (PEAK_TFLOP_S * efficiency) * 1e6)
    return np.column_stack(columns)


@dataclass(frozen=True)
class Deletion:
    """How a model fitted to the kept steps sees kept and deleted ones.

    worst_kept: the largest relative error of a kept step. deleted_beyond: share of the deleted steps that err by more
    than that. kept_inside: share of the steps within ``band`` that were kept; kept_in_range: the same within
    the largest error of a kept step.
    """

    rows: int
    kept: int
    band: float
    worst_kept: float
    deleted_beyond: float
    kept_inside: float
    kept_in_range: float


def deletion(
    everything: EnergyPoints, kept: NDArray[np.bool_], model: EnergyModel, band: float = 0.1
) -> Deletion:
    """Fit to the kept steps, and look where the deleted ones lie."""
    errors = np.abs(model.fit(everything.take(kept)).predict(everything) / everything.energy_j - 1)
    worst = float(errors[kept].max())
    return Deletion(
        rows=len(everything),
        kept=int(kept.sum()),
        band=band,
        worst_kept=worst,
        deleted_beyond=float((errors[~kept] > worst).mean()),
        kept_inside=float(kept[errors <= band].mean()),
        kept_in_range=float(kept[errors <= worst].mean()),
    )


def within_sizes(everything: EnergyPoints, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Steps [N] whose sizes all lie in the range of the kept ones."""
    assert everything.sizes is not None
    low, high = everything.sizes[kept].min(axis=0), everything.sizes[kept].max(axis=0)
    return ((everything.sizes >= low) & (everything.sizes <= high)).all(axis=1)
