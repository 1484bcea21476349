"""The ladder: cost and errors of every step."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from wattshed.accounts.ladder.checks import whole_runs
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.intervals import Interval, mean_interval
from wattshed.statistics.summaries import column_interval

# Energies, times and test errors have geometric means. Counts, shares and the error that is a target have arithmetic
# ones.
COSTS = ("training_kwh", "training_s")
PER_RUN = ("samples", "best_rmse", "checks", "looking_share")
ERRORS = ("rmse", "mae")
PARTS = ("n", "mean", "low", "high")


def ladder_frame(
    checks: pd.DataFrame,
    scores: pd.DataFrame,
    captions: Mapping[str, str],
    opponents: Mapping[str, str],
    named: Collection[str] = (),
    tuning_kwh: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """One row per step, in climbing order.

    checks: of :func:`training_checks`; scores: ``scores.parquet``; captions: step to its change, in order;
    opponents: ``reference`` and perhaps ``tuned``, each to its step; named: further steps that a table and a figure
    name; tuning_kwh: step to what its grid took. Columns: ``step`` (from 1), ``model, caption``,
    ``role`` (of an opponent, else empty), ``named``, ``seeds``, ``not_alone`` (of these), ``energy_status``,
    ``tuning_kwh``; ``_n, _mean, _low, _high`` (95 % intervals over seeds, of closed forms over repeated fits) of
    ``training_kwh, training_s`` (geometric),
    ``samples`` [(node, window) pairs], ``best_rmse`` (least validation RMSE), ``checks, looking_share, rmse`` and
    ``mae`` (test; null for a recorded step without test errors). Raises :class:`Fault` for a step that has neither
    validation errors nor scores, and for an opponent without validation errors.
    """
    runs = whole_runs(checks)
    errors = scores[scores["scope"] == "all"]
    roles = {model: role for role, model in opponents.items()}
    for role, model in opponents.items():
        if runs.loc[runs["model"] == model, "best_rmse"].isna().any():
            raise Fault(
                f"the ladder's {role} {model!r} has no validation error: expected one after every epoch of every seed; "
                "name a trained model."
            )
    rows = []
    for place, (model, caption) in enumerate(captions.items(), start=1):
        own, scored = runs[runs["model"] == model], errors[errors["model"] == model]
        if scored.empty and own["best_rmse"].isna().all():
            raise Fault(
                f"the scores hold no test error of the ladder's step {model!r}: expected one row per seed; score its "
                "forecasts first."
            )
        row: dict[str, Any] = {
            "step": place,
            "model": model,
            "caption": caption,
            "role": roles.get(model, ""),
            "named": model in roles or model in named,
            "seeds": own["seed"].nunique(),
            "not_alone": own.loc[own["alone"] == False, "seed"].nunique(),  # noqa: E712
            "energy_status": worst_status(own.loc[_told(own), "energy_status"]),
            "tuning_kwh": (tuning_kwh or {}).get(model),
        }
        for name in COSTS:
            row |= summary(name, column_interval(name, own[name]))
        for name in PER_RUN:
            row |= summary(name, mean_interval(own[name]))
        for name in ERRORS:
            row |= summary(name, column_interval(name, scored[name]))
        rows.append(row)
    frame = pd.DataFrame(rows)
    names = (*COSTS, *PER_RUN, *ERRORS)
    return frame.astype(
        {"tuning_kwh": "float64"}
        | {f"{name}_{part}": "int64" if part == "n" else "float64" for name in names for part in PARTS}
    )


def _told(own: pd.DataFrame) -> pd.Series:
    """Runs of known energy, and those that had nothing to fit."""
    return own["training_kwh"].notna() | own["energy_status"].eq(Status.NO_FIT)


def summary(name: str, found: Interval) -> dict[str, Any]:
    """An interval as columns ``{name}_n, _mean, _low, _high``."""
    return {
        f"{name}_n": found.n,
        f"{name}_mean": found.mean,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
    }
