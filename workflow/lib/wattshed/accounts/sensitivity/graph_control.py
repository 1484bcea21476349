"""Whether the graph helps: the best graph model against its twin on a graph with shuffled nodes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from wattshed.config.models.controls import SHUFFLED, twin_of
from wattshed.foundation.vocabulary import TRAINING_WINDOWS
from wattshed.statistics.intervals import Interval, mean_interval

VALIDATION = "value_validation_rmse"


class GraphUse(StrEnum):
    """What the control says of the graph."""

    HELPS = "helps"
    HURTS = "hurts"
    UNDECIDED = "undecided"
    # No control was trained, or with one seed only.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class GraphControl:
    """The best graph model, its twin, and how much larger the twin's test RMSE is, seed by seed.

    rise: of the RMSE, in the panel's unit, with the interval of the mean of paired differences; rise_share: its mean
    relative to the model's RMSE. Without a twin, ``rise`` is empty.
    """

    model: str
    twin: str | None
    rise: Interval
    rise_share: float | None
    use: GraphUse


def graph_control(
    models: Mapping[str, Mapping[str, Any]],
    graph_models: Iterable[str],
    scores: pd.DataFrame,
    windows: pd.DataFrame,
) -> GraphControl | None:
    """The control of the graph model with the least validation error; None without a validated graph model.

    models: blocks by name, as in the saved configuration; graph_models: names of those that read a graph; scores:
    ``accuracy/scores.parquet``; windows: of the accounts. A model's validation error is the mean over seeds of its
    least one. The graph helps if the 95 % interval of the rise lies above 0.
    """
    least = validation_errors(windows)
    candidates = [
        name for name in graph_models if models[name].get("graph") != SHUFFLED and name in least.index
    ]
    if not candidates:
        return None
    best = str(least[candidates].idxmin())
    twin = twin_of(best, models)
    errors = scores[scores["scope"] == "all"].set_index(["model", "seed"])["rmse"]
    trained = set(errors.index.get_level_values("model"))
    if twin is None or twin not in trained or best not in trained:
        return GraphControl(best, None, Interval(None, None, None, 0), None, GraphUse.UNKNOWN)
    differences = (errors[twin] - errors[best]).dropna()
    rise = mean_interval(differences)
    share = None if rise.mean is None else rise.mean / float(errors[best].mean())
    return GraphControl(best, twin, rise, share, _use(rise))


def validation_errors(windows: pd.DataFrame) -> pd.Series:
    """Least validation RMSE of each model, mean over seeds, by model; empty if none was recorded."""
    if VALIDATION not in windows:
        return pd.Series(dtype="float64")
    trained = windows[windows["window"].isin(TRAINING_WINDOWS) & windows[VALIDATION].notna()]
    least = trained.groupby(["model", trained["seed"].fillna(0)])[VALIDATION].min()
    return least.groupby(level="model").mean()


def _use(rise: Interval) -> GraphUse:
    if rise.low is None or rise.high is None:
        return GraphUse.UNKNOWN
    if rise.low > 0:
        return GraphUse.HELPS
    return GraphUse.HURTS if rise.high < 0 else GraphUse.UNDECIDED
