"""How well a sum of energies is known, from how well its parts are."""

from collections.abc import Iterable


def worst_status(statuses: Iterable[str]) -> str:
    """``missing`` if any part is or there is none, else ``estimated`` if any part is, else ``measured``."""
    found = set(statuses)
    if not found or "missing" in found:
        return "missing"
    return "measured" if found == {"measured"} else "estimated"
