"""Which model is best and which cannot be told apart from it, in plain sentences."""

from wattshed.accounts.comparison.decisions import Decisions
from wattshed.foundation.vocabulary import Comparison
from wattshed.publish.typesetting.table import plain
from wattshed.statistics.decisions import BLOCK_DAYS


def winner_sentence(decisions: Decisions, unit: str) -> str:
    """Name the model that validation chose, its test error with the wider interval, and what the test says of the rest.

    unit: of the errors.
    """
    error = decisions.error.upper()
    sentence = (
        f"{decisions.best} has the least validation {error}; on the test part it has "
        f"{error_text(decisions, decisions.best, unit)}"
    )
    others = decisions.frame[decisions.frame["model"] != decisions.best]
    if others.empty:
        return sentence + " (the only model)."
    names = {outcome: others.loc[others["outcome"] == outcome, "model"].tolist() for outcome in Comparison}
    parts = []
    if better := names[Comparison.BETTER]:
        parts.append(f"better on the test part: {', '.join(better)}")
    if level := names[Comparison.NOT_TOLD_APART]:
        parts.append(f"not told apart from it: {', '.join(level)}")
    worse = len(names[Comparison.WORSE])
    if worse == len(others):
        parts.append("all others are worse" if worse > 1 else f"{others['model'].iloc[0]} is worse")
    elif worse:
        parts.append(f"the other {worse} {'are' if worse > 1 else 'is'} worse")
    return f"{sentence}; {'; '.join(parts)}."


def single_block() -> str:
    """That a test part of one block of days tells no models apart, however far apart they are."""
    return (
        f"The test part is a single block of {BLOCK_DAYS} days: its paired test can tell no models apart, however "
        "large the difference."
    )


def error_text(decisions: Decisions, model: str, unit: str) -> str:
    """``0.6659 kWh [0.6340, 0.6970] (95 %, over blocks of 4 days; n = 3)``."""
    row = decisions.row(model)
    text = f"{plain(row['error'], 4)} {unit}"
    if row["low"] != row["low"]:
        return f"{text} (n = {row['n']})"
    what = "seeds" if row["wider"] == "seeds" else f"blocks of {BLOCK_DAYS} days"
    return f"{text} [{plain(row['low'], 4)}, {plain(row['high'], 4)}] (95 %, over {what}; n = {row['n']})"


def change_text(decisions: Decisions, model: str) -> str:
    """``2.5 % [1.1, 4.0] above`` the best's test error."""
    row = decisions.row(model)
    share, low, high = (100 * row[name] for name in ("change_share", "change_low", "change_high"))
    below = share < 0
    ends = (-high, -low) if below else (low, high)
    bounds = "" if low != low else f" [{plain(ends[0], 1)}, {plain(ends[1], 1)}]"
    return f"{plain(abs(share), 1)} %{bounds} {'below' if below else 'above'}"
