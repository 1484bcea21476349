"""The energy of one training, defined once for all tables, figures and judges."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from wattshed.energy.reading import worst_status
from wattshed.foundation.vocabulary import TRAINING_WINDOWS, Status, Window

# Calling an empty function in a loop takes up to a microsecond; the least real work takes milliseconds.
LEAST_FIT_S = 1e-5


def work_windows(windows: pd.DataFrame, names: Collection[str] = TRAINING_WINDOWS) -> pd.DataFrame:
    """The windows of those names with ``work_kwh``, the energy of doing their work once.

    windows: of the accounts. Work that is shorter than a sensor's resolution is repeated to fill its window; once is
    the window's total divided by ``repeats``. Epochs are not repeats of one another. A fit that takes less than
    :data:`LEAST_FIT_S` fits nothing: its ``energy_status`` is ``no fit``, and it has no energy to compare.
    """
    parts = windows[windows["window"].isin(names)].copy()
    repeats = parts["repeats"].astype("float64")
    parts["work_kwh"] = parts["energy_kwh"].astype("float64") / repeats
    if "duration_s" in parts:
        empty = parts["window"].eq(Window.FIT) & (
            parts["duration_s"].astype("float64") / repeats < LEAST_FIT_S
        )
        parts.loc[empty, "work_kwh"] = np.nan
        parts["energy_status"] = parts["energy_status"].astype("object").mask(empty, Status.NO_FIT)
    return parts


def trainings(windows: pd.DataFrame, keys: Sequence[str] = ("model", "seed")) -> pd.DataFrame:
    """One row per training: ``keys``, ``training_kwh`` and ``energy_status``.

    windows: of the accounts. A training's energy is that of all its epochs, those of killed attempts included, and
    of its closed-form fit. It is NaN if one of these windows has no known energy, and if there was nothing to fit
    (``no fit``). Fits that were measured several times (``trial``) are trainings of their own. keys: what names a
    training.
    """
    rows = [
        {
            **dict(zip(keys, values, strict=False)),
            "training_kwh": group["work_kwh"].sum(skipna=False),
            "energy_status": worst_status(group["energy_status"]),
        }
        for values, group in work_windows(windows).groupby(
            [*keys, *trial_key(windows)], dropna=False, sort=False
        )
    ]
    return pd.DataFrame(rows, columns=[*keys, "training_kwh", "energy_status"])


def trial_key(windows: pd.DataFrame) -> list[str]:
    """``["trial"]`` where fits were measured several times, each in a window of its own; else nothing."""
    return ["trial"] if "trial" in windows and windows["trial"].notna().any() else []
