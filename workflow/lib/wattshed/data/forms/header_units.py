"""Units in the names of columns, held against the unit of the config."""

import re

from wattshed.data.dialects.look import Look
from wattshed.data.forms.roles import Roles
from wattshed.data.units import ENERGY, POWER
from wattshed.foundation.faults import Fault

# A joule's J alone is too often something else.
NAMES = {name.casefold(): name for name in (*POWER, *ENERGY) if not name.endswith("J")}


def unit_in(name: str) -> str | None:
    """The unit that the name of a column has as a word of its own: kW in ``power_kW`` and ``Load [kW]``."""
    found = [NAMES[word] for word in re.split(r"[^a-z]+", name.casefold()) if word in NAMES]
    return found[0] if len(set(found)) == 1 else None


def refuse_other_unit(look: Look, roles: Roles, form: str, unit: str) -> None:
    """Raise :class:`Fault` where all columns of readings name one unit, and the config another one.

    Names of times of a day say nothing.
    """
    if form == "days" or unit.casefold() not in NAMES:
        return
    said = {unit_in(look.header[place]) for place in roles.values}
    named = said.pop() if len(said) == 1 else None
    if named is not None and named.casefold() != unit.casefold():
        column = look.header[roles.values[0]]
        raise Fault(
            f"{look.path}: row {look.header_row}: column {column!r} names the unit {named}, and data.source.unit is "
            f"{unit}; expected the unit of the file's readings: correct data.source.unit, or the header."
        )
