"""Whether a variant is worth it on the machine where it was measured."""

from typing import Any

import pandas as pd

FULL = "full"
LEAST_SAVING_SHARE = 0.05


def judge_variants(rows: pd.DataFrame, budget_share: float) -> pd.DataFrame:
    """The measured rows with changes against the full model of the same seed, verdict and reason.

    rows: ``compression/{model}.parquet``; budget_share: most by which RMSE and MAE may rise.
    """
    names = list(map(str, rows.columns))
    records = [dict(zip(names, row, strict=True)) for row in rows.itertuples(index=False)]
    full = {row["seed"]: row for row in records if row["variant"] == FULL}
    judged = [_judge(row, full[row["seed"]], budget_share) for row in records]
    types = {"rmse_change_share": "float64", "mae_change_share": "float64", "within_budget": "boolean"}
    verdicts = pd.DataFrame(judged, index=rows.index).astype(types)
    return pd.concat([rows, verdicts], axis=1)


def _judge(row: dict[str, Any], full: dict[str, Any], budget_share: float) -> dict[str, Any]:
    if pd.isna(row["unavailable"]):
        return verdict(row, full, budget_share)
    unknown = dict.fromkeys(("rmse_change_share", "mae_change_share", "within_budget"))
    return {**unknown, "verdict": "not available here", "reason": row["unavailable"]}


def verdict(row: dict[str, Any], full: dict[str, Any], budget_share: float) -> dict[str, Any]:
    """Changes against the full model, and whether the variant pays on this machine."""
    if row.get("variant") == FULL:
        changes = {"rmse_change_share": 0.0, "mae_change_share": 0.0, "within_budget": True}
        return {**changes, "verdict": "baseline", "reason": "the model that the others are held against"}
    rmse_change = row["rmse"] / full["rmse"] - 1
    mae_change = row["mae"] / full["mae"] - 1
    within = max(rmse_change, mae_change) <= budget_share
    cost = (
        "energy_j_per_1000_forecasts"
        if pd.notna(row["energy_j_per_1000_forecasts"])
        else "latency_s_per_window"
    )
    saving = 1 - row[cost] / full[cost]
    what = "energy" if cost.startswith("energy") else "time"
    saved = f"{abs(saving):.0%} {'less' if saving > 0 else 'more'} {what} per forecast"
    if not within:
        reason = f"error rises by {max(rmse_change, mae_change):.1%}, over the budget of {budget_share:.0%}"
    elif saving < LEAST_SAVING_SHARE:
        reason = f"{saved}, where at least {LEAST_SAVING_SHARE:.0%} less is asked"
    else:
        reason = saved
    return {
        "rmse_change_share": rmse_change,
        "mae_change_share": mae_change,
        "within_budget": within,
        "verdict": "worth it here" if within and saving >= LEAST_SAVING_SHARE else "not worth it here",
        "reason": reason,
    }
