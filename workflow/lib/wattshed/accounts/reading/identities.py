"""What names a run in a table that others wrote, and what only looks like a name."""

import re

# Written by programs where there is no value; compared in small letters.
NO_IDENTITY = frozenset(
    (
        "",
        "none",
        "nan",
        "null",
        "nil",
        "n/a",
        "#n/a",
        "na",
        "<na>",
        "nat",
        "undefined",
        "unknown",
        "-",
        "--",
        "?",
    )
)
_ZEROS = re.compile(r"\{?[0-]*0[0-]*\}?")


def identity(text: str | None) -> str | None:
    """The name in a cell, or None: for an empty cell, a word that means "no value", or a UUID of zeros."""
    if text is None:
        return None
    plain = text.strip()
    if plain.lower() in NO_IDENTITY or _ZEROS.fullmatch(plain):
        return None
    return plain
