"""Pareto fronts of error against energy and against carbon, slice by slice and overall."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import (
    ALIKE_OR_NOT_COMPARABLE,
    NOT_COMPARABLE,
    RETRO,
    all_flags,
    flagged,
    model_runs,
    scope_series,
    slice_columns,
    status_of,
    summarise_by,
)
from wattshed.accounts.comparison.frontier import pareto_mask
from wattshed.accounts.comparison.run_errors import join_metrics
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

OVERALL = "overall"
COSTS = {"energy": "energy_kwh", "carbon": "co2e_kg"}
ERRORS = ("mae", "rmse", "wape", "mase")
RANGES = {
    "energy_kwh": ("energy_low_kwh", "energy_high_kwh"),
    "co2e_kg": ("co2e_low_kg", "co2e_high_kg"),
}
COST_WORDS = {"energy": "energy unknown", "carbon": "mass unknown"}


def fronts_frame(runs: pd.DataFrame, metrics: pd.DataFrame, error: str = "rmse") -> pd.DataFrame:
    """One row per slice and model, and one per model overall where there are several slices.

    runs: one stage's runs or :func:`training_costs`; metrics: ``error`` per run. Columns: ``scope`` (``DE summer``,
    ``overall``, or ``all`` without slices), the slices, ``basis, model, runs``, ``{error}_n/_mean/_low/_high`` (over
    distinct rows of the metrics), the same of ``energy_kwh`` and ``co2e_kg`` (over runs; the factor is taken as
    exact), ``energy_status, flags``; then per cost ``energy_dominated, energy_surely_dominated, energy_reason`` and
    ``carbon_...``. Dominated points stay in the frame. Surely dominated: the upper ends of one other point lie below
    both lower ends; never if an interval is unknown. Null with a reason if a point cannot be compared: unknown,
    retro-estimated, or overall without all slices. The ends of a retro-estimate are its 10-90 % range. Overall is the
    unweighted mean over slices, with half-widths combined as for independent slices. Raises
    :class:`Fault` for a metric that is not an error, and as join_metrics does.
    """
    if error not in ERRORS:
        raise Fault(f"{error} is not an error metric: expected one of {', '.join(ERRORS)}; choose another.")
    joined = join_metrics(model_runs(runs), metrics, [error])
    slices = slice_columns(joined)
    joined["scope"] = scope_series(joined, slices)
    frame = _points(joined, ["scope", *slices, "basis", "model"], error)
    frame["reason"] = None
    if frame["scope"].nunique() > 1:
        frame = pd.concat([frame, _overall(frame, error)], ignore_index=True)
    for kind, cost in COSTS.items():
        frame = _judge(frame, error, kind, cost)
    return frame.drop(columns="reason")


def surely_dominated(error: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """True if some other point's upper ends are at most this point's lower ends, and below one of them.

    error, cost: float [n, 2] of lower and upper ends, NaN if there is no interval. Returns bool [n].
    """
    better = (error[None, :, 1] <= error[:, None, 0]) & (cost[None, :, 1] <= cost[:, None, 0])
    strictly = (error[None, :, 1] < error[:, None, 0]) | (cost[None, :, 1] < cost[:, None, 0])
    return np.asarray((better & strictly).any(axis=1))


def _points(joined: pd.DataFrame, keys: list[str], error: str) -> pd.DataFrame:
    # Two runs that share one row of the metrics are two energies, but one error.
    errors = joined.drop_duplicates([*keys, "metrics_row"])
    frame = summarise_by(errors, keys, [error])
    costs = summarise_by(joined, keys, list(COSTS.values()))
    frame = pd.concat([frame, costs.drop(columns=keys)], axis=1)
    _take_ranges(frame, joined, keys)
    grouped = joined.groupby(keys, sort=False, dropna=False)
    frame.insert(len(keys), "runs", grouped["has_run"].sum().to_numpy(dtype="int64"))
    frame["energy_status"] = [status_of(group) for _, group in grouped]
    frame["flags"] = pd.Series([all_flags(group["flags"]) for _, group in grouped], dtype="object")
    return frame


def _take_ranges(frame: pd.DataFrame, joined: pd.DataFrame, keys: list[str]) -> None:
    """The ends of a retro-estimate are its own range, not the spread over estimates."""
    retro = (frame["basis"] == RETRO).to_numpy()
    for cost, names in RANGES.items():
        for part, name in zip(("low", "high"), names, strict=True):
            if retro.any() and name in joined:
                means = joined.groupby(keys, sort=False, dropna=False)[name].mean().to_numpy()
                frame.loc[retro, f"{cost}_{part}"] = means[retro]


def _overall(points: pd.DataFrame, error: str) -> pd.DataFrame:
    total = points["scope"].nunique()
    rows = []
    for (basis, model), group in points.groupby(["basis", "model"], sort=False):
        row = {"scope": OVERALL, "basis": basis, "model": model, "runs": int(group["runs"].sum())}
        complete = len(group) == total
        for column in (error, *COSTS.values()):
            row[f"{column}_n"] = int(group[f"{column}_n"].sum())
            row |= _mean_over_slices(group, column) if complete else {}
        row["energy_status"] = _overall_status(group["energy_status"])
        row["flags"] = all_flags(group["flags"])
        row["reason"] = None if complete else f"only {len(group)} of {total} slices"
        rows.append(row)
    return pd.DataFrame(rows, columns=points.columns).astype(
        {name: kind for name, kind in points.dtypes.items() if str(name).endswith(("_mean", "_low", "_high"))}
    )


def _mean_over_slices(group: pd.DataFrame, column: str) -> dict[str, float]:
    mean = group[f"{column}_mean"].mean(skipna=False)
    below = np.sqrt(((group[f"{column}_mean"] - group[f"{column}_low"]) ** 2).sum(skipna=False)) / len(group)
    above = np.sqrt(((group[f"{column}_high"] - group[f"{column}_mean"]) ** 2).sum(skipna=False)) / len(group)
    return {f"{column}_mean": mean, f"{column}_low": mean - below, f"{column}_high": mean + above}


def _overall_status(statuses: pd.Series) -> str:
    order = tuple(reversed(Status))
    return min(statuses, key=order.index)


def _judge(frame: pd.DataFrame, error: str, kind: str, cost: str) -> pd.DataFrame:
    """Add the columns of the front of this cost."""
    reason = frame["reason"].astype("object").copy()
    unknown = reason.isna() & frame[f"{cost}_mean"].isna()
    reason[unknown] = COST_WORDS[kind]
    reason[unknown & frame["energy_status"].eq(Status.NO_FIT)] = Status.NO_FIT
    for flag in (*NOT_COMPARABLE[cost], *ALIKE_OR_NOT_COMPARABLE):
        reason[unknown & flagged(frame, [flag])] = f"flagged {flag}"
    reason[frame[f"{error}_mean"].isna() & frame["reason"].isna()] = f"{error} unknown"
    reason[frame["basis"] == RETRO] = Status.RETRO_ESTIMATED
    dominated = pd.array([pd.NA] * len(frame), dtype="boolean")
    surely = dominated.copy()
    for scope in frame["scope"].unique():
        here = (reason.isna() & (frame["scope"] == scope)).to_numpy()
        points = frame[here]
        dominated[here] = ~pareto_mask(points[f"{error}_mean"].to_numpy(), points[f"{cost}_mean"].to_numpy())
        surely[here] = surely_dominated(_ends(points, error), _ends(points, cost))
    frame[f"{kind}_dominated"] = dominated
    frame[f"{kind}_surely_dominated"] = surely
    frame[f"{kind}_reason"] = reason
    return frame


def _ends(points: pd.DataFrame, column: str) -> np.ndarray:
    names: Sequence[str] = [f"{column}_low", f"{column}_high"]
    return points[list(names)].to_numpy(dtype="float64")
