"""How well a study's predicted energies agree with what its training steps took, over models."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattshed.accounts.claims.claim import Finding
from wattshed.accounts.claims.results import Results
from wattshed.statistics.intervals import Interval, mean_interval
from wattshed.statistics.levels import LEVEL

NAME = "compared_predictions"
NONE_PREDICTED = "this study predicts no energy before it trains"
NONE_MEASURED = "no training step of this study has both a prediction and a measured energy"
WHERE = "table energy_predictions"
RIVALS = {"affine_j": "an affine latency", "roofline_j": "a roofline"}
# With fewer models, resampling them says nothing of R2.
LEAST_MODELS = 5
RESAMPLES, SEED = 2000, 20
PERCENT = 100


def steps_of(results: Results) -> pd.DataFrame | str:
    """Measured and predicted energy of a training step by model, means over seeds; or why there are none."""
    frame = results.frame(NAME)
    if frame.empty:
        return NONE_PREDICTED
    known = frame[(frame["quantity"] == "step") & frame["why_none"].isna()]
    known = known[np.isfinite(known["predicted_j"].astype("float64")) & (known["measured_j"] > 0)]
    if known.empty:
        return NONE_MEASURED
    columns = ["predicted_j", "measured_j", *RIVALS]
    return known.groupby("model", sort=False)[columns].mean()


def determination_of_steps(results: Results) -> Sequence[Finding] | str:
    """R2 of the predicted energies of a step, in joules over models; bounds by resampling models."""
    steps = steps_of(results)
    if isinstance(steps, str):
        return steps
    if len(steps) < 2:
        return "R2 needs two predicted models or more"
    measured, predicted = (steps[name].to_numpy(np.float64) for name in ("measured_j", "predicted_j"))
    of = f"predicted against measured steps of {len(steps)} models, before they were trained"
    return [Finding(of, r2_interval(measured, predicted), WHERE)]


def errors_of_steps(results: Results) -> Sequence[Finding] | str:
    """Mean absolute error of the predicted energies of a step over models, in per cent."""
    steps = steps_of(results)
    if isinstance(steps, str):
        return steps
    errors = PERCENT * (steps["predicted_j"] / steps["measured_j"] - 1).abs()
    return [Finding(f"steps of {len(steps)} models", mean_interval(errors), WHERE)]


def against_rivals(results: Results) -> Sequence[Finding] | str:
    """Absolute error less that of each simpler law, paired over models, in percentage points; below 0 is better."""
    steps = steps_of(results)
    if isinstance(steps, str):
        return steps
    own = (steps["predicted_j"] / steps["measured_j"] - 1).abs()
    found = []
    for column, name in RIVALS.items():
        less = PERCENT * (own - (steps[column] / steps["measured_j"] - 1).abs()).dropna()
        if len(less):
            found.append(Finding(f"against {name}, steps of {len(less)} models", mean_interval(less), WHERE))
    return found or "this study has no simpler law to compare with"


def r2_interval(measured: np.ndarray, predicted: np.ndarray) -> Interval:
    """R2 of predictions with its percentile interval over resampled models [n]; no bounds for fewer than five."""
    value, n = _r2(measured, predicted), len(measured)
    if value is None or n < LEAST_MODELS:
        return Interval(value, None, None, n)
    draws = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    found = [one for draw in draws if (one := _r2(measured[draw], predicted[draw])) is not None]
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), n)


def _r2(measured: np.ndarray, predicted: np.ndarray) -> float | None:
    """None where all measurements are alike."""
    spread = float(((measured - measured.mean()) ** 2).sum())
    return None if spread == 0 else 1 - float(((measured - predicted) ** 2).sum()) / spread
