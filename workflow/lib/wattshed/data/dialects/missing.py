"""Which cells hold no reading: one list of texts, and what the user adds to it."""

from collections.abc import Sequence
from dataclasses import dataclass

# Compared without blanks around them and without regard to case; documented in data/README.md.
# Those that pandas takes for missing, and those of statistical offices, grids and databases.
USUAL = ("", "-", "--", "---", "n/a", "n.a.", "n/e", "na", "nan", "-nan", "nat", "none", "null", "\\n")
CODES = ("#n/a", "#n/a n/a", "#na", "<na>", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan")
TEXTS = USUAL + CODES


@dataclass(frozen=True)
class Missing:
    """Texts in lower case, and numbers, that stand for a missing reading."""

    texts: frozenset[str]
    numbers: tuple[float, ...]


def missing_cells(declared: Sequence[str | float]) -> Missing:
    """The usual texts and the declared ones; -9999 also stands for -9999.0, written either way."""
    texts, numbers = set(TEXTS), []
    for one in declared:
        if isinstance(one, str):
            texts.add(one.strip().lower())
        try:
            numbers.append(float(one))
        except ValueError:
            continue
    return Missing(frozenset(texts), tuple(dict.fromkeys(numbers)))
