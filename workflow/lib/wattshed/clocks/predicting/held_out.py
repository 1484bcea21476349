"""Every picker on cells that it has never seen: leave one workload out, and leave one GPU out. Never a random split.

A random split over runs would be a look-up: all runs of a cell share one optimum.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import pandas as pd

from wattshed.clocks.predicting.cell_curve import CellCurve, probes_of
from wattshed.clocks.predicting.pickers import MODELS, OPPONENTS, Known
from wattshed.clocks.predicting.prior_model import LEAST_CELLS, PriorModel, tune

Split = Literal["workload", "gpu"]
POLICIES: dict[str, tuple[float, ...]] = {"1 probe": (1.0,), "3 probes": (1.0, 0.7, 0.5)}
COLUMNS = (
    "split",
    "policy",
    "picker",
    "gpu",
    "workload",
    "family",
    "training_cells",
    "setting",
    "best_setting",
    "slowdown_share",
    "saving_share",
    "best_saving_share",
    "kept",
    "probes_apart",
)


def held_out(curves: Sequence[CellCurve], max_slowdown_share: float) -> pd.DataFrame:
    """One row per split, policy, picker and cell, with what the cell's own measurements say about the pick.

    setting: missing where the picker has nothing to learn from; best_setting: of least energy under the limit;
    kept: whether the measured slowdown of the pick is within the limit. A workload's family is left out on all GPUs, as
    the same network on another GPU would betray it; a GPU is left out with all its workloads.
    """
    rows = []
    for split, test, training in _splits(curves):
        for policy, shares in POLICIES.items():
            prior, caution = _learnt(training, shares, max_slowdown_share)
            for curve in test:
                known = Known(training, max_slowdown_share, probes_of(curve, shares), prior, caution)
                best = curve.best_within(max_slowdown_share)
                for name, picker in {**OPPONENTS, **MODELS}.items():
                    place = picker(curve, known)
                    found = place is not None
                    slowdown = curve.slowdown(place) if place is not None else float("nan")
                    rows.append(
                        (
                            split,
                            policy,
                            name,
                            curve.gpu,
                            curve.workload,
                            curve.family,
                            len(training),
                            curve.settings[place] if place is not None else float("nan"),
                            curve.settings[best],
                            slowdown,
                            curve.saving(place) if place is not None else float("nan"),
                            curve.saving(best),
                            bool(found and slowdown <= max_slowdown_share + 1e-9),
                            curve.probes_apart,
                        )
                    )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _learnt(
    training: tuple[CellCurve, ...], shares: Sequence[float], max_slowdown_share: float
) -> tuple[PriorModel | None, float]:
    if len(training) < LEAST_CELLS:
        return None, 0.0
    tuning = tune(training, shares, max_slowdown_share)
    return PriorModel(training, tuning.shrinkage), tuning.caution


def _splits(
    curves: Sequence[CellCurve],
) -> Iterator[tuple[Split, list[CellCurve], tuple[CellCurve, ...]]]:
    for family in sorted({curve.family for curve in curves}):
        yield (
            "workload",
            [curve for curve in curves if curve.family == family],
            tuple(curve for curve in curves if curve.family != family),
        )
    gpus = sorted({curve.gpu for curve in curves})
    if len(gpus) > 1:
        for gpu in gpus:
            yield (
                "gpu",
                [curve for curve in curves if curve.gpu == gpu],
                tuple(curve for curve in curves if curve.gpu != gpu),
            )
