"""Which model wins, in one plain sentence."""

import pandas as pd

from wattshed.publish.typesetting.table import plain


def winner_sentence(summary: pd.DataFrame, unit: str) -> str:
    """Name the model of least RMSE and its distance to the next.

    summary: one row per model with ``model, n, rmse_mean, rmse_low, rmse_high``. The sentence says if the two
    intervals overlap, so that the two cannot be distinguished.
    """
    ranked = summary.sort_values("rmse_mean", ignore_index=True)
    first = ranked.iloc[0]
    sentence = f"{first['model']} wins with the least RMSE, {plain(first['rmse_mean'], 4)} {unit}"
    if len(ranked) == 1:
        return sentence + " (the only model)."
    second = ranked.iloc[1]
    ahead = 1 - first["rmse_mean"] / second["rmse_mean"]
    sentence += (
        f", {plain(100 * ahead, 1)} % below {second['model']}"
        if ahead >= 0.0005
        else (f", level with {second['model']}")
    )
    if intervals_overlap(first, second):
        sentence += "; their 95 % intervals over seeds overlap, so the two cannot be distinguished"
    return sentence + "."


def intervals_overlap(first: pd.Series, second: pd.Series) -> bool:
    """Whether the intervals overlap; a single run counts as its own mean."""
    highest = first["rmse_mean"] if pd.isna(first["rmse_high"]) else first["rmse_high"]
    lowest = second["rmse_mean"] if pd.isna(second["rmse_low"]) else second["rmse_low"]
    return bool(lowest <= highest)
