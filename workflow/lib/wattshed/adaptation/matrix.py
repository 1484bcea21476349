"""Transfer metrics from the full matrix of errors (Lopez-Paz and Ranzato 2017, with the signs of errors)."""

from dataclasses import dataclass

import numpy as np

# In a matrix: the strategy name of an untrained network's rows, and the task name of the base test part.
RANDOM = "random"
BASE = "base"


@dataclass(frozen=True)
class Transfer:
    """In the unit of the error, except ``forgetting_share``. Positive transfer is good, although errors are small.

    acc: mean error over all tasks after the last update.
    bwt: backward transfer, mean over earlier tasks of (error just after learning it - error at the end).
    fwt: forward transfer, mean over later tasks of (error of a random network - error before learning it).
    fwt_frozen: the same against the network as it was before all tasks: what earlier tasks taught it for later ones.
    forgetting: mean over earlier tasks of (error at the end - least error before).
    forgetting_share: the same, each task's over its least error.
    None where no task defines the metric.
    """

    acc: float | None
    bwt: float | None
    fwt: float | None
    fwt_frozen: float | None
    forgetting: float | None
    forgetting_share: float | None


def transfer(errors: np.ndarray, random_errors: np.ndarray | None) -> Transfer:
    """Metrics of one strategy.

    errors: [k + 1, k], error on task j (column) after learning i tasks (row); row 0 is before any. A task that has no
    observed cell is NaN in every row and is left out. random_errors: [k], of a network at random initialisation; None
    leaves forward transfer unknown.
    """
    rows, tasks = errors.shape
    if rows != tasks + 1 or (random_errors is not None and random_errors.shape != (tasks,)):
        shape = None if random_errors is None else random_errors.shape
        raise ValueError(f"errors {errors.shape} and random_errors {shape} do not belong together")
    judged = np.flatnonzero(~np.isnan(errors).all(axis=0))
    earlier, later = judged[judged < tasks - 1], judged[judged > 0]
    final = errors[-1]
    just_learned = errors[earlier + 1, earlier]
    least_before = errors[:-1, earlier].min(axis=0, initial=np.inf)
    return Transfer(
        acc=_mean(final[judged]),
        bwt=_mean(just_learned - final[earlier]),
        fwt=None if random_errors is None else _mean(random_errors[later] - errors[later, later]),
        fwt_frozen=_mean(errors[0, later] - errors[later, later]),
        forgetting=_mean(final[earlier] - least_before),
        forgetting_share=_mean((final[earlier] - least_before) / least_before),
    )


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
