"""What must be said wherever energies of runs are shown: which were not alone, and which are lower bounds."""

import pandas as pd

from wattshed.accounts.comparison.comparable import flagged
from wattshed.accounts.marks.flags import NOT_ALONE, TRUNCATED
from wattshed.accounts.marks.lower_bounds import NOT_METERED
from wattshed.publish.notes.windows import listed

BOUNDS = (*NOT_METERED, TRUNCATED)


def run_notes(runs: pd.DataFrame, by: str) -> list[str]:
    """At most one note of each kind, with counts of runs by ``by``, such as ``stage`` or ``model``.

    runs: after :func:`~wattshed.accounts.marks.flags.flag_runs`.
    """
    if "flags" not in runs or by not in runs:
        return []
    notes = []
    for reason in BOUNDS:
        counts = _counts(runs[flagged(runs, [reason])], by)
        if counts:
            word = "killed" if reason == TRUNCATED else reason
            notes.append(f"Lower bounds ({word}): {listed(counts)}.")
    disturbed = _counts(runs[flagged(runs, [NOT_ALONE])], by)
    return [*notes, f"Not alone on the machine: {listed(disturbed)}."] if disturbed else notes


def _counts(runs: pd.DataFrame, by: str) -> list[str]:
    counts = runs[by].astype("string").fillna("unnamed").value_counts(sort=False)
    return [f"{name} ({count} run{'s' if count > 1 else ''})" for name, count in counts.items()]
