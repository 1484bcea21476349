"""Squared and absolute errors by calendar day: what intervals over blocks of days are made from."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd


def scores_by_day(
    forecast: np.ndarray,
    truth: np.ndarray,
    observed: np.ndarray,
    origins: np.ndarray,
    times: np.ndarray,
    timezone: str,
) -> pd.DataFrame:
    """Sums of errors over the observed cells of all windows that start on the same day, one row per day in order.

    forecast, truth, observed: [B, H, N]; origins: first target hours [B], indices of ``times``; times: datetime64 [T]
    in UTC; timezone: IANA name of the calendar. A window belongs to the local day of its first target hour. Columns:
    ``day`` (text YYYY-MM-DD), ``squared`` and ``absolute`` (in the unit of the forecast, squared or not), ``cells``.
    A day whose windows have no observed cell keeps its row with 0 cells.
    """
    # A cell that was not observed may hold NaN.
    error = np.where(observed, forecast - truth, 0).astype(np.float64)
    hours = pd.DatetimeIndex(times[origins]).tz_localize("UTC").tz_convert(ZoneInfo(timezone))
    sums = pd.DataFrame(
        {
            "day": hours.strftime("%Y-%m-%d"),
            "squared": np.square(error).sum(axis=(1, 2)),
            "absolute": np.abs(error).sum(axis=(1, 2)),
            "cells": observed.sum(axis=(1, 2)).astype(np.int64),
        }
    )
    return sums.groupby("day", sort=True, as_index=False).sum()
