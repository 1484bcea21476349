"""Nodes that the owner of a table leaves out, before their readings meet those of the others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wattshed.data.forms.readings import Readings
from wattshed.data.readers.node_patterns import matching
from wattshed.foundation.faults import Fault


def leave_out(parts: Sequence[Readings], patterns: Sequence[str]) -> list[Readings]:
    """The files' readings without those of nodes that ``data.source.exclude`` names.

    Columns of wide tables were left out when their headers were read. Raises :class:`Fault` for a pattern without a
    node, and where no node is left.
    """
    if not patterns or parts[0].form == "wide":
        return list(parts)
    names = sorted({name for part in parts for name in part.nodes})
    found = np.any(matching(patterns, names, "data.source.exclude"), axis=0)
    excluded = {name for name, out in zip(names, found, strict=True) if out}
    left = [kept for part in parts if (kept := _without(part, excluded)) is not None]
    if not left:
        raise Fault(
            f"data.source.exclude leaves none of the {len(names)} nodes of {parts[0].path}; expected at least one: "
            "narrow it."
        )
    count = len(excluded)
    note = f"{count} {'node was' if count == 1 else 'nodes were'} left out by data.source.exclude."
    return [replace(left[0], notes=(*left[0].notes, note)), *left[1:]]


def _without(part: Readings, excluded: set[str]) -> Readings | None:
    """A file without some nodes; None if it has no others."""
    out = np.array([name in excluded for name in part.nodes])
    if out.all():
        return None
    if not out.any() or part.node is None:
        return part
    code = np.where(out, 0, np.cumsum(~out) - 1).astype(part.node.dtype)
    instants = replace(part.instants, kept=part.instants.kept & ~out[part.node])
    nodes = [name for name in part.nodes if name not in excluded]
    return replace(part, nodes=nodes, node=code[part.node], instants=instants)
