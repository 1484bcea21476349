"""What trainings took by step, by epoch and in all, from the windows of their ledgers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.accounts.runs.trainings import work_windows
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.foundation.vocabulary import Stage, Window

LOOKING = "value_looking_s"


@dataclass(frozen=True)
class MeasuredTraining:
    """One seed's training; energies are its own [J], NaN where one of its windows has none.

    epochs_j: of every epoch in order, with its look at the validation part; step_j, step_s: of one step without
    looks; fit_j, fit_s: of what was solved in closed form, 0 without it; steps: of one epoch.
    """

    model: str
    seed: int
    epochs_j: tuple[float, ...]
    epochs_s: tuple[float, ...]
    step_j: float
    step_s: float
    fit_j: float
    fit_s: float
    steps: int
    energy_status: str

    @property
    def training_j(self) -> float:
        return float(np.sum(self.epochs_j)) + self.fit_j

    @property
    def training_s(self) -> float:
        return float(np.sum(self.epochs_s)) + self.fit_s


def measured_trainings(windows: pd.DataFrame, epochs: pd.DataFrame) -> list[MeasuredTraining]:
    """Every model's trainings by seed.

    windows: of the accounts; epochs: the trainings' own tables, which know how many steps an epoch had. Epochs of
    killed attempts that were made again count once, with their last attempt: a prediction is of work, not of
    accidents. The same holds for a closed form, which is one fit however often it was measured.
    """
    parts = work_windows(windows)
    parts = parts[(parts["stage"] == Stage.TRAINING) & parts["seed"].notna()]
    steps = epochs.groupby(["model", "seed"])["steps"].median()
    found = []
    for keys, own in parts.groupby(["model", "seed"], sort=False, observed=True):
        model, seed = str(own["model"].iloc[0]), int(own["seed"].iloc[0])
        found.append(_measured(model, seed, own, int(steps.get(keys, 0))))
    return found


def _measured(model: str, seed: int, own: pd.DataFrame, steps: int) -> MeasuredTraining:
    learned = own[own["window"] == Window.EPOCH]
    if len(learned):
        numbers = learned["epoch"].astype("int64") if "epoch" in learned else range(len(learned))
        learned = learned.assign(number=numbers).drop_duplicates("number", keep="last").sort_values("number")
    fits = own[own["window"] == Window.FIT]
    energies = learned["work_kwh"].to_numpy(dtype=float) * JOULES_PER_KWH
    seconds = learned["duration_s"].to_numpy(dtype=float)
    looking = (
        learned[LOOKING].fillna(0.0).to_numpy(dtype=float) if LOOKING in learned else np.zeros(len(learned))
    )
    working = 1 - np.clip(looking / seconds, 0.0, 1.0)
    taken = steps * len(learned)
    return MeasuredTraining(
        model,
        seed,
        tuple(energies.tolist()),
        tuple(seconds.tolist()),
        float((energies * working).sum() / taken) if taken else float("nan"),
        float((seconds * working).sum() / taken) if taken else float("nan"),
        _mean(fits["work_kwh"].to_numpy(dtype=float) * JOULES_PER_KWH),
        _mean((fits["duration_s"] / fits["repeats"]).to_numpy(dtype=float)),
        steps,
        worst_status(pd.concat([learned, fits])["energy_status"]),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
