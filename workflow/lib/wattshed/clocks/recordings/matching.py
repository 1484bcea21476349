"""Which column of a file is which of ours."""

import difflib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.recording_columns import AMBIGUOUS_ENDINGS, QUANTITIES, UNITS
from wattshed.foundation.faults import Fault


def match_columns(
    path: Path, names: Collection[str], aliases: Mapping[str, tuple[str, ...]], block: RecordingBlock
) -> dict[str, str]:
    """Our name -> the file's, of all columns that are found: by ``block.columns``, then by our own name, then by the
    aliases in their order. Case and units in brackets do not count.

    Raises :class:`Fault` for a column of ``block.columns`` that is not in the file.
    """
    plain = {plain_name(name): name for name in reversed(list(names))}
    found: dict[str, str] = {}
    for ours, theirs in block.columns.items():
        if plain_name(theirs) not in plain:
            near = difflib.get_close_matches(theirs, names, n=1)
            hint = f"did you mean {near[0]!r}? It has" if near else "it has"
            raise Fault(
                f"{path} has no column {theirs!r} for {ours}: {hint} {_some(names)}; correct columns."
            )
        found[ours] = theirs if theirs in names else plain[plain_name(theirs)]
    taken = set(found.values())
    for ours, others in aliases.items():
        if ours in found:
            continue
        for alias in with_units(ours, others):
            name = plain.get(alias)
            if name is not None and name not in taken:
                found[ours] = name
                taken.add(name)
                break
    return found


def with_units(ours: str, others: Collection[str]) -> list[str]:
    """Our name and the others, in lower case, then each with another unit at its end: ``power_kw``, ``duration_ms``."""
    names = [name.lower() for name in (ours, *others)]
    quantity = QUANTITIES.get("time_s" if ours == "duration_s" else ours)
    if quantity is None:
        return names
    units = [unit.lower() for unit in UNITS[quantity] if unit not in AMBIGUOUS_ENDINGS]
    bare = dict.fromkeys(
        stem if name.count("_") and unit in units else name
        for name in names
        for stem, _, unit in [name.rpartition("_")]
    )
    return [*names, *(f"{name}_{unit}" for name in bare for unit in units if f"{name}_{unit}" not in names)]


def need(path: Path, found: Mapping[str, str], needed: Collection[str], names: Collection[str]) -> None:
    """Raise :class:`Fault` unless all of these columns were found."""
    if lacking := [name for name in needed if name not in found]:
        raise Fault(
            f"{path} has no column {', '.join(lacking)}: it has {_some(names)}; name the file's column by the key "
            f"columns, such as {{{lacking[0]}: ...}}, or add it."
        )


def plain_name(name: str) -> str:
    """A column's name in lower case without a unit in brackets, and with ``_`` for blanks and hyphens."""
    bare = re.sub(r"\s*[\[(][^\])]*[\])]\s*$", "", name.strip().strip('"'))
    return re.sub(r"[\s-]+", "_", bare.strip()).lower()


def _some(names: Collection[str]) -> str:
    return ", ".join(list(names)[:20]) + (", ..." if len(names) > 20 else "")
