"""Names that a user may give to parts of a study."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import StringConstraints

from wattshed.config.models.chains import SWEEP

NAME = r"^[a-z][a-z0-9_]*$"
LONGEST_NAME = 80
Name = Annotated[str, StringConstraints(pattern=NAME)]
# Words that results, rules or tables use. The user may not use them as names.
RESERVED = {
    "study": {"idle", "none"},
    "models": {"none", "random", "total", "all", "baseline", "baselines"},
    "adaptation.strategies": {"base", "random", "none", SWEEP},
    "compression.variants": {"base", "full", "baseline", "none", SWEEP},
    "chains": {"none", "all", "total"},
}


def refuse_names(named: Mapping[str, Sequence[str]], baselines: Sequence[str]) -> None:
    """Raise :class:`ValueError` for a name that is too long, reserved, or that two parts have.

    named: place in the study, such as ``models``, to its names; it has the places of :data:`RESERVED`.
    """
    for place, taken in named.items():
        for name in taken:
            if len(name) > LONGEST_NAME:
                raise ValueError(
                    f"{place}: a name has {len(name)} characters; expected at most {LONGEST_NAME}, since files are "
                    "named after it"
                )
            if name in RESERVED[place]:
                raise ValueError(f"{place}: {name!r} is a reserved word; expected another name")
            if taken.count(name) > 1:
                raise ValueError(f"{place}: {name!r} occurs twice; expected each name once")
    models, strategies, variants = (
        named[place] for place in ("models", "adaptation.strategies", "compression.variants")
    )
    for one, other, what in (
        (models, baselines, "a baseline and of a model; rename the model"),
        (models, strategies, "a strategy and of a model; rename the strategy"),
        (models, variants, "a variant and of a model; rename the variant"),
        (strategies, variants, "a strategy and of a variant; rename one of them"),
    ):
        both = sorted(set(one) & set(other))
        if both:
            raise ValueError(f"{both[0]!r} is the name of {what}")
