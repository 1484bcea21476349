"""Notes on work that did not have the machine to itself."""

from collections.abc import Collection, Iterator

import pandas as pd

from wattshed.accounts.runs.alone import spans_of
from wattshed.energy.share.usage import NOT_ALONE_SHARE

RULE = f"others took more than {100 * NOT_ALONE_SHARE:.0f} % of the busy processor time, or of a GPU's use"
# The label that names a row in the tables, by window; ``model`` for the others.
BY_LINEAGE = ("update", "make", "fine_tune", "measure")


def beside_others_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """One note that names whose windows were not alone; none where all were, or where it is not known."""
    found = disturbed_seeds(windows, names)
    counts = [f"{name} ({count} of {seeds} seeds)" for name, (count, seeds) in found.items() if count]
    if counts and all(count == seeds for count, seeds in found.values()):
        return [f"No work here was alone on the machine: {RULE}."]
    return [not_alone_note(counts)] if counts else []


def disturbed_seeds(windows: pd.DataFrame, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """Model or lineage -> how many seeds of its windows of these names were not alone, and of how many."""
    return {
        str(name): (int((group["alone"] == False).sum()), len(group))  # noqa: E712
        for label, parts in labelled(windows, names)
        for name, group in spans_of(parts, names, label).groupby(label, sort=False, observed=True)
    }


def disturbed(windows: pd.DataFrame, names: Collection[str], of: str) -> bool:
    """Whether any seed's work of this model or lineage was not alone."""
    return disturbed_seeds(windows, names).get(of, (0, 0))[0] > 0


def labelled(windows: pd.DataFrame, names: Collection[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The windows of these names by the label that names their rows in tables: ``model`` or ``lineage``."""
    for label, chosen in (
        ("model", [name for name in names if name not in BY_LINEAGE]),
        ("lineage", [name for name in names if name in BY_LINEAGE]),
    ):
        if chosen and label in windows:
            yield label, windows[windows["window"].isin(chosen) & windows[label].notna()]


def ladder_notes(ladder: pd.DataFrame) -> list[str]:
    """As :func:`beside_others_notes`, of a ladder: its rows count the seeds that were not alone."""
    found = ladder[ladder["not_alone"] > 0]
    names = zip(found["model"], found["not_alone"], found["seeds"], strict=True)
    texts = [f"{name} ({count} of {seeds} seeds)" for name, count, seeds in names]
    return [not_alone_note(texts)] if texts else []


def not_alone_note(names: list[str]) -> str:
    """names: whose work was not alone."""
    return (
        f"Not alone, because {RULE}: {', '.join(names)}. Own energies leave out what others used; the work itself may "
        "have taken more while they slowed it down."
    )
