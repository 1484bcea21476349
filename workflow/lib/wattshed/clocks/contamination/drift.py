"""Drift: repeats of the same setting become slower, hungrier or hotter in the course of the sweep.

Every setting's repeats are compared only with one another, in measured order, by the seasonal Kendall test (Hirsch,
Slack and Smith 1982, with the settings as seasons), which needs no distribution. The size is the median slope of all
pairs, with the interval of Gilbert (1987). Found are changes with p < 0.006 in all, and of at least 2 % of time or
power or 5 K.

A random order spreads drift over all settings alike: with five rounds a drift of 10 % over the sweep moves the mean of
a setting by 0.3 % (standard deviation), and its median by more, which then rests on fewer runs. Over 10 %, shown by the
whole interval, the sweep is refused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.repeats import INTERLEAVED_SPAN, order_span
from wattshed.statistics.levels import LEVEL

P_VALUE = 0.006
LEAST_SHARE = 0.02
LEAST_KELVIN = 5.0
MOST_SHARE = 0.10
LEAST_PAIRS = 10


@dataclass(frozen=True)
class Trend:
    """Change of a value over the whole sweep with its interval, and the two-sided p-value of no change."""

    change: float
    low: float
    high: float
    p_value: float


def drift(rows: pd.DataFrame) -> Detection:
    """rows: the warm runs of one sweep, not throttled, in measured order."""
    spans = order_span(rows)
    spread = rows[rows["setting"].isin(spans.index[spans >= INTERLEAVED_SPAN])]
    if _pairs(spread) < LEAST_PAIRS:
        words = "drift cannot be judged: no setting was repeated often enough over at least half of the sweep"
        return Detection("drift", False, False, words)
    width = float(np.ptp(rows["order"]))
    seen, severe, largest = [], False, 0.0
    for column, what in (("time_s", "time"), ("power_w", "power")):
        trend = seasonal_trend(spread, np.log(spread[column].to_numpy(dtype=float)), width)
        change, low, high = np.expm1([trend.change, trend.low, trend.high])
        largest = max(largest, abs(change))
        # Three quantities are tested, so each has a third of the error rate.
        if trend.p_value < P_VALUE / 3 and abs(change) >= LEAST_SHARE:
            seen.append(f"{what} changes by {change:+.1%} ({low:+.1%} to {high:+.1%})")
            severe |= bool(min(abs(low), abs(high)) > MOST_SHARE)
    known = spread[spread["temperature_c"].notna()]
    if _pairs(known) >= LEAST_PAIRS:
        trend = seasonal_trend(known, known["temperature_c"].to_numpy(dtype=float), width)
        if trend.p_value < P_VALUE / 3 and abs(trend.change) >= LEAST_KELVIN:
            seen.append(f"the temperature changes by {trend.change:+.0f} K")
    if not seen:
        words = f"no drift of time or power was shown; the larger is {largest:.1%} over the sweep"
        return Detection("drift", False, False, words)
    return Detection("drift", True, severe, f"drift over the sweep at equal settings: {'; '.join(seen)}")


def seasonal_trend(rows: pd.DataFrame, values: np.ndarray, width: float) -> Trend:
    """Trend of ``values`` [n] over ``order`` within the settings of the rows, scaled to ``width`` orders."""
    settings, orders = rows["setting"].to_numpy(), rows["order"].to_numpy(dtype=float)
    places = np.lexsort((orders, settings))
    settings, orders, values = settings[places], orders[places], values[places]
    _, starts, counts = np.unique(settings, return_index=True, return_counts=True)
    score, variance, slopes = 0.0, 0.0, []
    for start, count in zip(starts, counts, strict=True):
        earlier, later = (start + part for part in np.triu_indices(count, 1))
        steps = values[later] - values[earlier]
        score += float(np.sign(steps).sum())
        _, ties = np.unique(values[start : start + count], return_counts=True)
        variance += (_score_variance(count) - float(_score_variance(ties).sum())) / 18
        slopes.append(steps / (orders[later] - orders[earlier]))
    slope = np.sort(np.concatenate(slopes)) * width
    sd = np.sqrt(variance)
    p_value = 2 * norm.sf(max(0.0, abs(score) - 1) / sd) if sd > 0 else 1.0
    half = norm.ppf((1 + LEVEL) / 2) * sd / 2
    low, high = (int(np.clip(round(len(slope) / 2 + side * half), 0, len(slope) - 1)) for side in (-1, 1))
    return Trend(float(np.median(slope)), float(slope[low]), float(slope[high]), float(p_value))


def _score_variance(count: Any) -> Any:
    """Of the variance of Kendall's score: n (n - 1) (2 n + 5), of repeats and of ties."""
    return count * (count - 1) * (2 * count + 5)


def _pairs(rows: pd.DataFrame) -> int:
    counts = rows.groupby("setting").size()
    return int((counts * (counts - 1) // 2).sum())
