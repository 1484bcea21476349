"""Notes on work that did not have the machine to itself."""

from collections.abc import Collection

import pandas as pd

from wattshed.accounts.runs.alone import spans_of
from wattshed.energy.share.usage import NOT_ALONE_SHARE

RULE = f"others took more than {NOT_ALONE_SHARE:.0%} of the busy processor time"
# The label that names a row in the tables, by window; ``model`` for the others.
BY_LINEAGE = ("update", "make", "fine_tune", "measure")


def beside_others_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """One note that names whose windows were not alone; none where all were, or where it is not known."""
    counts = []
    for label, chosen in (
        ("model", [name for name in names if name not in BY_LINEAGE]),
        ("lineage", [name for name in names if name in BY_LINEAGE]),
    ):
        if not chosen or label not in windows:
            continue
        spans = spans_of(windows, chosen, label)
        for name, group in spans.groupby(label, sort=False, observed=True):
            disturbed = int((group["alone"] == False).sum())  # noqa: E712
            if disturbed:
                counts.append(f"{name} ({disturbed} of {len(group)} seeds)")
    return [not_alone_note(counts)] if counts else []


def not_alone_note(names: list[str]) -> str:
    """names: whose work was not alone."""
    return f"Not alone, because {RULE}: {', '.join(names)}. Own energies leave that time out, but not its contention."
