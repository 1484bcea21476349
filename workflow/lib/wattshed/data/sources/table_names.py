"""Names and cells of a table as YAML reads them: a column 26 is a number there, and Null is nothing at all."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator


def as_name(given: Any) -> Any:
    """The name of a column, or a text of its cells, that YAML read as a whole number."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def as_cell(given: Any) -> str | float:
    """A text or number that stands for a missing reading. Raises :class:`ValueError` for what YAML made of a text."""
    if given is None:
        return "null"
    if isinstance(given, float) and math.isnan(given):
        return "nan"
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError("expected a text or a number; write a text such as no or true in quotes")
    return given


Name = Annotated[str, BeforeValidator(as_name)]
MissingCell = Annotated[str | float, BeforeValidator(as_cell)]
