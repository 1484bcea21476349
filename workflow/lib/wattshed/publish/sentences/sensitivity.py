"""What the test errors depend on, in plain sentences."""

import pandas as pd

from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS
from wattshed.publish.typesetting.table import plain

NAMED_NODES = 6


def suspects_sentence(sensitivity: pd.DataFrame, quality: pd.DataFrame, unit: str) -> str:
    """Who wins with and without suspect nodes; sensitivity, quality: the frames; unit: of the errors."""
    means = view_means(sensitivity)
    suspects = quality.loc[quality["suspect_reason"].notna(), "node"].astype(str).tolist()
    if WITHOUT_SUSPECTS not in set(means["view"]):
        return f"{'Each' if suspects else 'None'} of the {len(quality)} nodes is suspect."
    names = ", ".join(suspects[:NAMED_NODES])
    if len(suspects) > NAMED_NODES:
        names += f" and {len(suspects) - NAMED_NODES} more"
    every, trusted = (_best(means[means["view"] == view]) for view in (ALL, WITHOUT_SUSPECTS))
    what = "node" if len(suspects) == 1 else "nodes"
    same = trusted["model"] == every["model"]
    return (
        f"Without the {len(suspects)} suspect {what} ({names}), {trusted['model']} "
        f"{'still ' if same else ''}has the least RMSE, {plain(trusted['rmse_mean'], 4)} {unit}{_interval(trusted)}"
        + ("." if same else f", and not {every['model']}.")
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


def _best(rows: pd.DataFrame) -> pd.Series:
    return rows.sort_values("rmse_mean").iloc[0]


def _interval(row: pd.Series) -> str:
    if pd.isna(row["rmse_low"]):
        return f" (n = {row['n']})"
    return f" [{plain(row['rmse_low'], 4)}, {plain(row['rmse_high'], 4)}] (n = {row['n']} seeds)"
