"""Notes on energies that lack a part of the machine, which are lower bounds."""

from collections.abc import Collection

import pandas as pd

from wattshed.publish.notes.beside_others import labelled


def lower_bound_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """One note that names whose energies are lower bounds and why; none where every part was metered."""
    bounds = bounds_of(windows, names)
    reasons = {name: reason for name, reason in bounds.items() if reason}
    if not reasons:
        return []
    if len(reasons) == len(bounds) and len(set(reasons.values())) == 1:
        return [f"Every energy here is a lower bound: {next(iter(reasons.values()))}."]
    texts = [f"{name} ({reason})" for name, reason in reasons.items()]
    return [f"Energies are lower bounds, because a part was not metered: {', '.join(texts)}."]


def bounds_of(windows: pd.DataFrame, names: Collection[str]) -> dict[str, str]:
    """Model or lineage -> what its windows of these names lack; empty text where every part was metered."""
    return {
        str(name): "; ".join(group["lacks"].dropna().unique())
        for label, parts in labelled(windows, names)
        for name, group in parts.groupby(label, sort=False, observed=True)
    }


def at_least(windows: pd.DataFrame, names: Collection[str], of: str) -> str:
    """``at least `` where the energy of this model or lineage is a lower bound, else nothing."""
    return "at least " if bounds_of(windows, names).get(of) else ""
