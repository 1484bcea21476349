"""Error against training energy: which models are not dominated."""

import numpy as np
import pandas as pd

from wattshed.accounts.reading.frame_types import FORECASTS
from wattshed.accounts.runs.trainings import trainings
from wattshed.energy.reading import JOULES_PER_KWH, worst_status
from wattshed.foundation.vocabulary import Status, Window
from wattshed.statistics.summaries import summarise


def pareto_mask(error: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """True where no other point is at least as good in both and better in one; equal points are both True.

    error, energy: float [n], finite, less is better. Returns bool [n].
    """
    order = np.lexsort((energy, error))
    mask = np.zeros(len(error), dtype=bool)
    least_energy = np.inf
    last: tuple[float, float] | None = None
    for index in order:
        point = (float(error[index]), float(energy[index]))
        mask[index] = point[1] < least_energy or point == last
        if point[1] < least_energy:
            least_energy, last = point[1], point
    return mask


def frontier_frame(scores: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """One row per model: RMSE over all test cells, energy of one training run and of 1,000 forecasts.

    ``training_kwh_*`` is the energy of one training (see :func:`trainings`);
    ``forecast_j_per_1000_*`` counts forecasts of one node each. Means and 95 % intervals over seeds.
    ``..._n`` counts known energies: of seeds, or of repeated fits where nothing is random. ``dominated`` is null where
    the training energy is unknown or there was nothing to fit (``no fit``): such a model has no place on the front.
    """
    everything = scores[scores["scope"] == "all"]
    frame = summarise(everything, "model", ["rmse"])
    frame = _join(frame, trainings(windows), "training_kwh", "energy_status")
    frame = _join(frame, forecast_runs(windows), "forecast_j_per_1000", "forecast_status")
    known = (frame["training_kwh_mean"].notna() & frame["rmse_mean"].notna()).to_numpy()
    mask = pareto_mask(
        frame.loc[known, "rmse_mean"].to_numpy(), frame.loc[known, "training_kwh_mean"].to_numpy()
    )
    frame["dominated"] = pd.array([pd.NA] * len(frame), dtype="boolean")
    frame.loc[known, "dominated"] = ~mask
    return frame.sort_values("rmse_mean", ignore_index=True)


def forecast_runs(windows: pd.DataFrame) -> pd.DataFrame:
    """One row per forecast window: ``forecast_j_per_1000`` and ``energy_status``."""
    parts = windows[windows["window"] == Window.FORECAST].copy()
    if parts.empty:
        return pd.DataFrame(columns=["model", "seed", "forecast_j_per_1000", "energy_status"])
    joules = parts["energy_kwh"] * JOULES_PER_KWH
    parts["forecast_j_per_1000"] = joules / (parts["repeats"] * parts[FORECASTS]) * 1000
    return parts[["model", "seed", "forecast_j_per_1000", "energy_status"]]


def _join(frame: pd.DataFrame, runs: pd.DataFrame, column: str, status: str) -> pd.DataFrame:
    summary = summarise(runs, "model", [column]).drop(columns="n")
    counts = runs.groupby("model")[column].count().rename(f"{column}_n").reset_index()
    summary = summary.merge(counts, on="model", how="left")
    statuses = runs.groupby("model")["energy_status"].agg(worst_status).rename(status).reset_index()
    joined = frame.merge(summary, on="model", how="left").merge(statuses, on="model", how="left")
    joined[status] = joined[status].fillna(Status.MISSING)
    joined[f"{column}_n"] = joined[f"{column}_n"].astype("Int64").fillna(0)
    return joined
