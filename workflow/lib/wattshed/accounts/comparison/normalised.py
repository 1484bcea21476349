"""Errors and forecasts relative to their cost: ratios per kWh and per kg, joules per forecast."""

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import (
    SLICES,
    all_flags,
    model_runs,
    slice_columns,
    status_of,
    summarise_by,
)
from wattshed.accounts.comparison.frontier import forecast_runs
from wattshed.accounts.comparison.run_errors import join_metrics
from wattshed.accounts.reading.frame_types import FORECASTS
from wattshed.foundation.vocabulary import Status, Window

RATIOS = ("mae_per_kwh", "mae_per_kg", "r2_per_kwh", "mae_times_kwh")
J_PER_FORECAST = "j_per_forecast"
RATIO_NOTES = [
    "Ratios are taken run by run and then averaged; a run without a known energy above zero has none.",
    "MAE per kWh = MAE / energy, in the error's unit per kWh: at the same error it falls when a run spends more, so a "
    "low value alone is not good.",
    "MAE × kWh is smallest and R² per kWh largest for a cheap model, even for a bad one: neither ranks "
    "models; "
    "the front of error against energy does.",
]


def normalised_metrics(
    runs: pd.DataFrame, metrics: pd.DataFrame, windows: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row per model (and country and season where stated): the ratios with n and 95 % intervals.

    runs: one stage's runs, or :func:`training_costs`; metrics: ``model`` or ``run_id`` with ``mae, r2`` per run;
    windows: for ``j_per_forecast`` (J), the energy of forecast windows over the forecasts they made (one node's
    whole horizon each). Per ratio: ``{ratio}_n, _mean, _low, _high``; null where unknown. For every run
    ``mae_per_kwh = mae / energy_kwh``, ``mae_per_kg = mae / co2e_kg``, ``r2_per_kwh = r2 / energy_kwh`` and
    ``mae_times_kwh = mae * energy_kwh``. Retro-estimated runs have rows of their own (``basis``). The study that uses
    these names gives no formulas, so the ratios follow their names. Raises :class:`Fault` as join_metrics does.
    """
    joined = join_metrics(model_runs(runs), metrics, ["mae", "r2"])
    energy = joined["energy_kwh"].where(joined["energy_kwh"] > 0)
    joined["mae_per_kwh"] = joined["mae"] / energy
    joined["mae_per_kg"] = joined["mae"] / joined["co2e_kg"].where(joined["co2e_kg"] > 0)
    joined["r2_per_kwh"] = joined["r2"] / energy
    joined["mae_times_kwh"] = joined["mae"] * energy
    keys = [*slice_columns(joined), "basis", "model"]
    frame = summarise_by(joined, keys, RATIOS)
    grouped = joined.groupby(keys, sort=False, dropna=False)
    frame.insert(len(keys), "runs", grouped["has_run"].sum().to_numpy(dtype="int64"))
    frame["energy_status"] = [status_of(group) for _, group in grouped]
    frame["flags"] = [all_flags(group["flags"]) for _, group in grouped]
    return _with_forecasts(frame, windows)


def _with_forecasts(frame: pd.DataFrame, windows: pd.DataFrame | None) -> pd.DataFrame:
    parts = [f"{J_PER_FORECAST}_{part}" for part in ("n", "mean", "low", "high")]
    known = windows is not None and FORECASTS in windows and (windows["window"] == Window.FORECAST).any()
    if windows is None or not known:
        return frame.assign(**dict.fromkeys(parts, np.nan), forecast_status=Status.MISSING).assign(
            **{parts[0]: 0}
        )
    forecasts = forecast_runs(windows)
    forecasts[J_PER_FORECAST] = forecasts["forecast_j_per_1000"] / 1000
    labels = [name for name in SLICES if name in windows and name in frame]
    forecasts[labels] = windows.loc[forecasts.index, labels]
    keys = ["model", *labels]
    found = summarise_by(forecasts, keys, [J_PER_FORECAST])
    grouped = forecasts.assign(basis="", energy_kwh=forecasts[J_PER_FORECAST]).groupby(
        keys, sort=False, dropna=False
    )
    found["forecast_status"] = [status_of(group) for _, group in grouped]
    frame = frame.merge(found, on=keys, how="left")
    frame[parts[0]] = frame[parts[0]].fillna(0).astype("int64")
    return frame.assign(forecast_status=frame["forecast_status"].fillna(Status.MISSING))
