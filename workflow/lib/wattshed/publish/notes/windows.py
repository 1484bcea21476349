"""What must be said wherever energies of windows are shown: whose work was not alone, and what is a lower bound."""

from collections.abc import Collection

import pandas as pd

from wattshed.publish.notes.beside_others import beside_others_notes, disturbed_seeds
from wattshed.publish.notes.lower_bounds import bounds_of, lower_bound_notes

NAMED = 6


def window_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """names: of the windows whose energies are shown."""
    return [*lower_bound_notes(windows, names), *beside_others_notes(windows, names)]


def short_notes(windows: pd.DataFrame, names: Collection[str]) -> list[str]:
    """The same in few words, for figures."""
    bounds: dict[str, list[str]] = {}
    for name, reason in bounds_of(windows, names).items():
        if reason:
            bounds.setdefault(reason, []).append(name)
    lacking = [f"Lower bounds ({reason}): {listed(found)}." for reason, found in bounds.items()]
    seeds = disturbed_seeds(windows, names)
    beside = [name for name, (count, _) in seeds.items() if count]
    if beside and all(count == number for count, number in seeds.values()):
        return [*lacking, "No work here was alone on the machine."]
    return [*lacking, f"Not alone on the machine: {listed(beside)}."] if beside else lacking


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
