"""What a job notes, as JSON: numbers of any type are kept, and what is not a number gets a note that says so.

Nothing here raises: a value is never worth an hour of measured work.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from enum import Enum
from numbers import Number
from pathlib import PurePath
from typing import Any

from wattshed.foundation.faults import Fault, one_line

# Larger whole numbers are not exact as the 64-bit floating-point numbers that tables hold.
LARGEST_EXACT = 2**53
LONGEST_NOTE = 200
DEEPEST = 20
# Kinds of NumPy's dates and durations, which become numbers without their unit.
DATES = ("M", "m")
# Labels of these types are written as their text.
TEXTS = (PurePath, Enum, Number, date, time, timedelta)


def plain_values(values: object) -> tuple[dict[str, int | float | None], dict[str, str]]:
    """Values as JSON numbers, and a note for each that is none, or not exactly the one that was given.

    A scalar of NumPy, torch or another library is its number; true and false are 1 and 0; NaN, infinity, text and
    everything else are None with a note.
    """
    plain: dict[str, int | float | None] = {}
    notes: dict[str, str] = {}
    try:
        given = dict(values)  # type: ignore[call-overload]
    except Exception:
        return {}, {"values": f"not kept: {_named(values)} is not a mapping"}
    for key, value in given.items():
        name = readable(key) if isinstance(key, str) else shown(key)
        try:
            plain[name], note = _number(value)
        except Exception as error:
            plain[name], note = None, f"{_named(value)}, not one number: {one_line(error)}"
        if note:
            notes[name] = readable(note[:LONGEST_NOTE])
    return plain, notes


def plain_labels(labels: object, whose: str) -> dict[str, Any]:
    """Labels as JSON scalars; raises :class:`Fault` for a label that is not a scalar. whose: for the sentence."""
    if not isinstance(labels, Mapping):
        raise Fault(
            f"the labels of {whose} are {_named(labels)}: expected a mapping of names to texts and numbers."
        )
    return {readable(_text(name)): _label(name, value, whose) for name, value in labels.items()}


def readable(text: str) -> str:
    """The text itself, or with ``\\x..`` for bytes that are not UTF-8, which no file and no terminal would take."""
    try:
        text.encode()
        return _text(text)
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def unreadable(text: str) -> str:
    """The file name of which :func:`readable` made this text: ``\\x..`` are its bytes again."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    return os.fsdecode(raw)


def plain(value: Any, depth: int = 0) -> Any:
    """Any structure as JSON without NaN: what JSON cannot hold becomes a number, a null or text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return readable(value)
    if depth > DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {
            readable(key) if isinstance(key, str) else shown(key): plain(part, depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part, depth + 1) for part in value]
    numbers, notes = plain_values({"": value})
    number = numbers[""]
    if number is None and isinstance(value, float):
        return None
    return shown(value) if number is None and notes else number


def _number(value: Any) -> tuple[int | float | None, str | None]:
    """A number and a note on it, each None if there is none."""
    found = _inner(value)
    if found is None:
        return None, None
    if isinstance(found, complex | str | bytes):
        return None, shown(found)
    if isinstance(found, int):
        return _whole(int(found))
    if isinstance(found, float) or hasattr(found, "__float__") or hasattr(found, "__index__"):
        number = float(found)
        return (number, None) if math.isfinite(number) else (None, str(number))
    return None, f"{_named(found)}, not a number"


def _whole(value: int) -> tuple[int | float | None, str | None]:
    if abs(value) <= LARGEST_EXACT:
        return value, None
    if value.bit_length() > 1000:
        return None, f"a whole number of {value.bit_length()} bits"
    return float(value), f"exactly {value}"


def _label(name: Any, value: Any, whose: str) -> str | int | float | bool | None:
    found = _inner(value)
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, str):
        return readable(found)
    if isinstance(found, bytes):
        return readable(found.decode("utf-8", "surrogateescape"))
    if isinstance(found, int):
        return int(found) if found.bit_length() < 64 else shown(found)
    if isinstance(found, float):
        return float(found) if math.isfinite(found) else str(float(found))
    if isinstance(found, TEXTS):
        return shown(found)
    raise Fault(
        f"the label {_text(name)!r} of {whose} is {_named(value)}: expected text, a number, true, false or none; "
        "give its name or one of its numbers instead."
    )


def _inner(value: Any) -> Any:
    """What a scalar of NumPy, torch or another library holds; other objects as they are."""
    if isinstance(value, str | bytes | int | float | complex) or not callable(getattr(value, "item", None)):
        return value
    if getattr(getattr(value, "dtype", None), "kind", None) in DATES:
        return str(value)
    try:
        return value.item()
    except Exception:
        return value


def _shape(value: Any) -> tuple[int, ...] | None:
    try:
        return tuple(value.shape)
    except Exception:
        return None


def _text(value: Any) -> str:
    """Plain text also of a subclass of str, such as a member of an enumeration."""
    return str.__str__(value) if isinstance(value, str) else shown(value)


def shown(value: Any) -> str:
    """The text of any object, shortened; the name of its type if it has no text."""
    try:
        text = str(value)
    except Exception:
        text = type(value).__name__
    return readable(text[:LONGEST_NOTE])


def _named(value: Any) -> str:
    """What a value is, for a sentence: its type, and its shape if it has one."""
    shape = _shape(value)
    return f"a {type(value).__name__}" + (f" of shape {shape}" if shape is not None else "")
