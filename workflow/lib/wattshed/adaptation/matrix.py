"""Transfer metrics from the full matrix of errors (Lopez-Paz and Ranzato 2017, signs for errors)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Transfer:
    """In the unit of the error, but for ``forgetting_share``. Positive transfer is good, for errors too.

    acc: mean error over all tasks after the last update.
    bwt: backward transfer, mean over earlier tasks of (error just after learning it - error at the end).
    fwt: forward transfer, mean over later tasks of (error of a random network - error before learning it).
    forgetting_share: mean over earlier tasks of (error at the end - least error before) / least error.
    """

    acc: float
    bwt: float | None
    fwt: float | None
    forgetting_share: float | None


def transfer(errors: np.ndarray, random_errors: np.ndarray) -> Transfer:
    """Metrics of one strategy.

    errors: [k + 1, k], error on task j (column) after learning i tasks (row); row 0 is before any.
    random_errors: [k], of a network at random initialisation. With one task only acc is defined.
    """
    rows, tasks = errors.shape
    if rows != tasks + 1 or random_errors.shape != (tasks,):
        raise ValueError(
            f"errors {errors.shape} and random_errors {random_errors.shape} do not belong together"
        )
    final = errors[-1]
    if tasks == 1:
        return Transfer(float(final.mean()), None, None, None)
    earlier = np.arange(tasks - 1)
    just_learned = errors[earlier + 1, earlier]
    least_before = errors[:-1, earlier].min(axis=0)
    later = np.arange(1, tasks)
    before_learning = errors[later, later]
    return Transfer(
        acc=float(final.mean()),
        bwt=float((just_learned - final[earlier]).mean()),
        fwt=float((random_errors[later] - before_learning).mean()),
        forgetting_share=float(((final[earlier] - least_before) / least_before).mean()),
    )
