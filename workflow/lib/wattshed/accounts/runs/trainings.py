"""The energy of one training, defined once for all tables, figures and judges."""

from collections.abc import Collection, Sequence

import pandas as pd

from wattshed.energy.reading import worst_status
from wattshed.foundation.vocabulary import TRAINING_WINDOWS


def work_windows(windows: pd.DataFrame, names: Collection[str] = TRAINING_WINDOWS) -> pd.DataFrame:
    """The windows of those names with ``work_kwh``, the energy of doing their work once.

    windows: of the accounts. Work that is shorter than a sensor's resolution is repeated to fill its window; once is
    the window's total divided by ``repeats``. Epochs are not repeats of one another.
    """
    parts = windows[windows["window"].isin(names)].copy()
    parts["work_kwh"] = parts["energy_kwh"].astype("float64") / parts["repeats"].astype("float64")
    return parts


def trainings(windows: pd.DataFrame, keys: Sequence[str] = ("model", "seed")) -> pd.DataFrame:
    """One row per training: ``keys``, ``training_kwh`` and ``energy_status``.

    windows: of the accounts. A training's energy is that of all its epochs, those of killed attempts included, and
    of its closed-form fit. It is NaN if one of these windows has no known energy. keys: what names a training.
    """
    rows = [
        {
            **dict(zip(keys, values, strict=True)),
            "training_kwh": group["work_kwh"].sum(skipna=False),
            "energy_status": worst_status(group["energy_status"]),
        }
        for values, group in work_windows(windows).groupby(list(keys), dropna=False, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*keys, "training_kwh", "energy_status"])
