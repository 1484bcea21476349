"""Which column of a file is which of ours."""

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.faults import Fault


def match_columns(
    path: Path, names: Collection[str], aliases: Mapping[str, tuple[str, ...]], block: RecordingBlock
) -> dict[str, str]:
    """Our name -> the file's, of all columns that are found: by ``block.columns``, then by our own name, then by the
    aliases in their order. Case and units in brackets do not count.

    Raises :class:`Fault` for a column of ``block.columns`` that is not in the file.
    """
    plain = {_plain(name): name for name in reversed(list(names))}
    found: dict[str, str] = {}
    for ours, theirs in block.columns.items():
        if _plain(theirs) not in plain:
            near = difflib.get_close_matches(theirs, names, n=1)
            hint = f"did you mean {near[0]!r}? It has" if near else "it has"
            raise Fault(
                f"{path} has no column {theirs!r} for {ours}: {hint} {_some(names)}; correct columns."
            )
        found[ours] = theirs if theirs in names else plain[_plain(theirs)]
    taken = set(found.values())
    for ours, others in aliases.items():
        if ours in found:
            continue
        for alias in (ours, *others):
            name = plain.get(alias.lower())
            if name is not None and name not in taken:
                found[ours] = name
                taken.add(name)
                break
    return found


def need(path: Path, found: Mapping[str, str], needed: Collection[str], names: Collection[str]) -> None:
    """Raise :class:`Fault` unless all of these columns were found."""
    if lacking := [name for name in needed if name not in found]:
        raise Fault(
            f"{path} has no column {', '.join(lacking)}: it has {_some(names)}; name the file's column by the key "
            f"columns, such as {{{lacking[0]}: ...}}, or add it."
        )


def _plain(name: str) -> str:
    return re.sub(r"\s*\[[^\]]*\]\s*$", "", name).strip().lower()


def _some(names: Collection[str]) -> str:
    return ", ".join(list(names)[:20]) + (", ..." if len(names) > 20 else "")
