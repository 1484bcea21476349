"""The main table's numbers: what each model errs, what it costs, and how it compares with the best naive one."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.decisions import Decisions, changes_against
from wattshed.accounts.runs.trainings import trainings, trial_key, work_windows
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Comparison, Status
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.ratios import ratio_interval

# Forecasts that a reader could make by hand: a model that is not better need not be trained.
NAIVE = ("persistence", "seasonal_24h", "seasonal_168h", "climatology", "majority")


def standings_frame(
    decisions: Decisions, days: pd.DataFrame, frontier: pd.DataFrame, windows: pd.DataFrame
) -> pd.DataFrame:
    """One row per model, least test error first.

    days, frontier, windows: the study's results of these names. Columns of :attr:`Decisions.frame` and:
    ``naive`` (the best naive model, the same in all rows; null if the study has none) and ``naive_change_share, _low,
    _high, naive_outcome`` against it; ``training_j_mean, _low, _high, _n``; ``cpu_s`` (own processor seconds of one
    training, geometric mean over seeds); ``forecast_j_mean, _low, _high`` (of 1,000 forecasts) and
    ``forecast_status``; ``front`` (no other model is better in both error and training energy; null where the energy is
    unknown); ``useful`` (less error than the best naive one, by the point estimate). Energies of models that need no
    fit are 0.
    """
    frame = decisions.frame.copy()
    naive = best_naive(frame)
    frame["naive"] = pd.Series([naive] * len(frame), dtype="object")
    changes = _against_naive(frame["model"], days, naive)
    frame = frame.join(changes)
    energies = frontier.set_index("model")
    for part in ("mean", "low", "high"):
        frame[f"training_j_{part}"] = (
            energies[f"training_kwh_{part}"].reindex(frame["model"]).to_numpy(dtype="float64")
            * JOULES_PER_KWH
        )
        frame[f"forecast_j_{part}"] = (
            energies[f"forecast_j_per_1000_{part}"].reindex(frame["model"]).to_numpy(dtype="float64")
        )
    frame["training_j_n"] = (
        energies["training_kwh_n"].reindex(frame["model"]).fillna(0).to_numpy(dtype="int64")
    )
    frame["forecast_status"] = energies["forecast_status"].reindex(frame["model"]).to_numpy()
    no_fit = frame["energy_status"].eq(Status.NO_FIT).to_numpy()
    frame.loc[no_fit, "training_j_mean"] = 0.0
    frame["cpu_s"] = processor_seconds(windows).reindex(frame["model"]).to_numpy(dtype="float64")
    frame.loc[no_fit, "cpu_s"] = 0.0
    frame["front"] = _front(frame, decisions.controls)
    frame["useful"] = True if naive is None else frame["naive_change_share"].lt(0)
    return frame


def _front(frame: pd.DataFrame, controls: Collection[str]) -> pd.Series:
    """Whether no other model is better in error or training energy and as good in the other; null where one of them is
    unknown, nothing was fitted, or the model is a control."""
    known = frame["training_j_mean"].gt(0) & frame["error"].notna() & ~frame["model"].isin(controls)
    points = frame.loc[known, ["error", "training_j_mean"]].to_numpy(dtype="float64")
    as_good = np.all(points[None, :, :] <= points[:, None, :], axis=2)
    better = np.any(points[None, :, :] < points[:, None, :], axis=2)
    front = pd.Series(pd.NA, index=frame.index, dtype="boolean")
    front[known] = ~np.any(as_good & better, axis=1)
    return front


def best_naive(frame: pd.DataFrame) -> str | None:
    """The naive model of least test error; None if the study has none. frame: with ``model, error``."""
    found = frame[frame["model"].isin(NAIVE)]
    return None if found.empty else str(found.sort_values("error", kind="stable")["model"].iloc[0])


def processor_seconds(windows: pd.DataFrame) -> pd.Series:
    """Own processor seconds of one training by model: geometric mean over its runs, NaN where unknown."""
    runs = training_seconds(windows)
    return runs.groupby(level=0).agg(lambda known: geometric_interval(known).mean or np.nan)


def training_seconds(windows: pd.DataFrame) -> pd.Series:
    """Own processor seconds of every training, by model, seed and, where fits were repeated, trial."""
    if "own_cpu_s" not in windows:
        return pd.Series(dtype="float64", index=pd.Index([], name="model"))
    parts = work_windows(windows)
    seconds = parts["own_cpu_s"].astype("float64") / parts["repeats"].astype("float64")
    keys = [parts[name] for name in ("model", "seed", *trial_key(windows))]
    return seconds.groupby(keys, dropna=False).sum(min_count=1)


def training_ratio(windows: pd.DataFrame, above: str, below: str) -> Interval:
    """Training energy of one model over another's, over seeds and repeated fits; none where one has no energy."""
    runs = trainings(windows)
    return ratio_interval(*(runs.loc[runs["model"] == name, "training_kwh"] for name in (above, below)))


def _against_naive(models: pd.Series, days: pd.DataFrame, naive: str | None) -> pd.DataFrame:
    names = ["naive_change_share", "naive_change_low", "naive_change_high", "naive_outcome"]
    if naive is None:
        return pd.DataFrame(
            {name: None if name == "naive_outcome" else np.nan for name in names}, index=models.index
        )
    changes = changes_against(days, naive).set_index("model").drop(columns="p_value").reindex(models)
    changes.columns = pd.Index(names)
    return changes.set_index(models.index)


def step_before(frame: pd.DataFrame, model: str) -> str | None:
    """The useful model next below in training energy on the front; None if there is none that is cheaper."""
    own = frame.loc[frame["model"] == model].iloc[0]
    cheaper = frame[
        frame["useful"] & frame["front"].fillna(False) & frame["training_j_mean"].lt(own["training_j_mean"])
    ]
    return None if cheaper.empty else str(cheaper.sort_values("training_j_mean")["model"].iloc[-1])


def counts(frame: pd.DataFrame) -> dict[str, int]:
    """How many models the test part finds better than, not distinguishable from and worse than the chosen one."""
    found = frame["outcome"].value_counts()
    return {str(one): int(found.get(one, 0)) for one in Comparison}
