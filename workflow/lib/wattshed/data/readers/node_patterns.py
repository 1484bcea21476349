"""Which nodes a list of names and patterns means."""

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from wattshed.foundation.faults import Fault


def matching(patterns: Sequence[str], node_names: Sequence[str], where: str) -> list[np.ndarray]:
    """For each pattern, which nodes it means: bool [N]. ``*`` and ``?`` match as in file names, with their case.

    where: the key, for messages. Raises :class:`Fault` for a pattern without a node.
    """
    return [_of_pattern(pattern, node_names, where) for pattern in patterns]


def _of_pattern(pattern: str, node_names: Sequence[str], where: str) -> np.ndarray:
    # A name may hold brackets: as it is written, it means itself.
    exact = np.array([name == pattern for name in node_names])
    found = exact if exact.any() else np.array([fnmatchcase(name, pattern) for name in node_names])
    if not found.any():
        near = difflib.get_close_matches(pattern, node_names, n=1)
        advice = f"did you mean {near[0]!r}?" if near else "correct it or remove it."
        raise Fault(
            f"{where}: {pattern!r} matches no node; expected a name or a pattern of the {len(node_names)} nodes, "
            f"such as {node_names[0]!r}: {advice}"
        )
    return found
