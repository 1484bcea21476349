"""What the test errors depend on, in plain sentences."""

import pandas as pd

from wattshed.accounts.comparison.decisions import changes_against, error_bounds
from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import WITHOUT_SUSPECTS
from wattshed.foundation.vocabulary import Comparison
from wattshed.publish.typesetting.table import plain
from wattshed.statistics.by_day import errors_by_day

NAMED_NODES = 6


def suspects_sentence(
    sensitivity: pd.DataFrame, days: pd.DataFrame, best: str, quality: pd.DataFrame, unit: str
) -> str:
    """How the model that validation chose compares with all others without suspect nodes.

    sensitivity, quality: the frames; days: ``sensitivity.days.parquet``; best: that model; unit: of the errors.
    """
    suspects = quality.loc[quality["suspect_reason"].notna(), "node"].astype(str).tolist()
    if WITHOUT_SUSPECTS not in set(sensitivity["view"]) or days.empty:
        return f"{'Each' if suspects else 'None'} of the {len(quality)} nodes is suspect."
    names = ", ".join(suspects[:NAMED_NODES])
    if len(suspects) > NAMED_NODES:
        names += f" and {len(suspects) - NAMED_NODES} more"
    means = view_means(sensitivity)
    rmse = means[(means["view"] == WITHOUT_SUSPECTS) & (means["model"] == best)]["rmse_mean"].iloc[0]
    told = changes_against(days, best)["outcome"].value_counts()
    counts = ", ".join(f"{told[outcome]} {outcome}" for outcome in Comparison if outcome in told)
    return (
        f"Without the {len(suspects)} suspect {'node' if len(suspects) == 1 else 'nodes'} ({names}), {best}, which "
        f"validation chose on all nodes, has a test RMSE of {plain(rmse, 4)} {unit} {_interval(days, best)}"
        + (f"; of the others, compared with it: {counts}." if counts else ".")
    )


def wins_sentence(scores: pd.DataFrame) -> str:
    """On how many nodes the model of least RMSE wins, and which other one wins most; scores: the frame."""
    wins = node_wins(scores).set_index("model")
    best = wins["best"].iloc[0]
    nodes = wins["nodes"].iloc[0]
    others = wins.drop(index=best)
    sentence = f"{best} has the least error on {wins.loc[best, 'wins']} of {nodes} nodes"
    if len(others) and others["wins"].iloc[0]:
        sentence += f", {others.index[0]} on {others['wins'].iloc[0]}"
    return sentence + "."


def _interval(days: pd.DataFrame, model: str) -> str:
    """``[0.5931, 0.7010] (over seeds and days)``."""
    errors = errors_by_day(days, "model", "rmse", "the models' errors without suspect nodes")
    low, high = error_bounds(errors.error(model))
    if pd.isna(low):
        return "(too few days for an interval)"
    return f"[{plain(low, 4)}, {plain(high, 4)}] (over seeds and days)"
