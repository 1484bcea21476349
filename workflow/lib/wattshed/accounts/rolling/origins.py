"""Errors and training energy of every model, seed and rolling origin."""

import json
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.marks.flags import GPU_USED, USED
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.trainings import trainings, work_windows
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part, Status

KEYS = ["model", "seed", "origin"]
ERRORS = ["squared", "absolute", "cells"]


def origins_frame(days: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """One row per model, seed and origin, models in the order of ``days``.

    days: rows of ``rolling/{model}.parquet``; windows: of the ledgers of these jobs. Columns: ``validation_rmse``, and
    of the test part ``first_day, last_day, rmse, mae, cells``; ``training_kwh`` and ``energy_status`` as in
    :func:`trainings`, and ``alone``. Raises :class:`Fault` for a part without observed cells.
    """
    order = list(dict.fromkeys(days["model"]))
    sums = days.groupby([*KEYS, "part"], as_index=False)[ERRORS].sum()
    silent = sums[sums["cells"] == 0]
    if len(silent):
        row = silent.iloc[0]
        raise Fault(
            f"origin {row['origin']}: the windows of the {row['part']} part have no observed value to score; expected "
            "at least one: give a panel that was measured there or other days."
        )
    validation = sums[sums["part"] == Part.VALIDATION].set_index(KEYS)
    test = sums[sums["part"] == Part.TEST].set_index(KEYS)
    span = days[days["part"] == Part.TEST].groupby("origin")["day"].agg(["min", "max"])
    frame = pd.DataFrame(
        {
            "validation_rmse": np.sqrt(validation["squared"] / validation["cells"]),
            "rmse": np.sqrt(test["squared"] / test["cells"]),
            "mae": test["absolute"] / test["cells"],
            "cells": test["cells"],
        }
    ).reset_index()
    frame.insert(len(KEYS), "first_day", frame["origin"].map(span["min"]))
    frame.insert(len(KEYS) + 1, "last_day", frame["origin"].map(span["max"]))
    frame = frame.merge(_costs(windows), on=KEYS, how="left")
    frame["energy_status"] = frame["energy_status"].fillna(str(Status.MISSING)).astype(object)
    place = frame["model"].map({model: number for number, model in enumerate(order)})
    return frame.iloc[np.lexsort((frame["seed"], frame["origin"], place))].reset_index(drop=True)


def _costs(windows: pd.DataFrame) -> pd.DataFrame:
    """``training_kwh, energy_status, alone`` of each training at each origin."""
    labelled = windows.assign(
        seed=windows["seed"].fillna(0).astype("int64") if "seed" in windows else 0,
        origin=[_origin(text) for text in windows["labels"]],
    ).dropna(subset=["origin"])
    labelled["origin"] = labelled["origin"].astype("int64")
    spent = trainings(labelled, KEYS)
    used = work_windows(labelled).reindex(columns=[*KEYS, *USED, *GPU_USED])
    sums = used.set_index(KEYS).astype("float64").groupby(level=KEYS).sum(min_count=1).reset_index()
    return spent.merge(add_alone(sums)[[*KEYS, "alone"]], on=KEYS, how="left")


def _origin(labels: str) -> Any:
    """The number of the origin among a window's labels; None if it has none."""
    return json.loads(labels).get("origin")
