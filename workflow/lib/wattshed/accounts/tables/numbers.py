"""Numbers as spreadsheets write them: decimal commas, separators of thousands; what is ambiguous is refused."""

import re
from collections.abc import Iterable

_COMMA = re.compile(r"[+-]?(\d*),(\d+)((?:[eE][+-]?\d+)?)")
_POINT = re.compile(r"[+-]?(\d*)\.(\d+)((?:[eE][+-]?\d+)?)")
_SPACED = re.compile(r"(?<=\d)[ '\u00a0\u202f\u2019](?=\d{3}(?!\d))")
_GROUPS_OF_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_GROUPS_OF_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")


class Ambiguous(ValueError):
    """A mark that may separate decimals or thousands."""


def decimal_marks(texts: Iterable[str]) -> frozenset[str]:
    """The marks of decimals, ``.`` and ``,``, that are certain in some of a file's numbers."""
    found = set()
    for text in texts:
        comma, point = text.rfind(","), text.rfind(".")
        if comma >= 0 and point >= 0:
            found.add("," if comma > point else ".")
        elif comma >= 0 and _certain(_COMMA.fullmatch(text)):
            found.add(",")
        elif point >= 0 and _certain(_POINT.fullmatch(text)):
            found.add(".")
        if len(found) == 2:
            break
    return frozenset(found)


def plain_number(text: str, marks: frozenset[str]) -> str:
    """The number with a decimal point and without separators of thousands, as ``float`` reads it.

    marks: :func:`decimal_marks` of the file. A text that is not a number comes back as it is. Raises
    :class:`Ambiguous`.
    """
    text = _SPACED.sub("", text.strip())
    comma, point = text.rfind(","), text.rfind(".")
    if comma < 0 and point < 0:
        return text
    if comma >= 0 and point >= 0:
        mark, other = (",", ".") if comma > point else (".", ",")
        whole, decimals = text.rsplit(mark, 1)
        groups = _GROUPS_OF_POINTS if other == "." else _GROUPS_OF_COMMAS
        return f"{whole.replace(other, '')}.{decimals}" if groups.fullmatch(whole) else text
    mark, other = (",", ".") if comma >= 0 else (".", ",")
    groups = _GROUPS_OF_COMMAS if mark == "," else _GROUPS_OF_POINTS
    if text.count(mark) > 1:
        return text.replace(mark, "") if groups.fullmatch(text) else text
    if (mark in marks and other not in marks) or _certain(
        (_COMMA if mark == "," else _POINT).fullmatch(text)
    ):
        return text.replace(",", ".")
    if not groups.fullmatch(text):
        return text.replace(",", ".")
    if mark == "." and "," not in marks:
        return text  # the usual form: a point is a decimal point
    if mark == "," and marks == {"."}:
        return text.replace(",", "")
    raise Ambiguous(text)


def _certain(match: re.Match[str] | None) -> bool:
    """Three digits behind one mark may be thousands, unless a zero, nothing or more than three digits are before it."""
    if match is None:
        return False
    whole, decimals, power = match.groups()
    return len(decimals) != 3 or bool(power) or whole in ("", "0") or len(whole) > 3
