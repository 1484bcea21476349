"""How a value should have been written: a share without its percent sign, a block in the place of a bare name."""

import math
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from wattshed.config.located import Kind, Located, is_block
from wattshed.config.plugin_block import PluginBlock

PERCENT = re.compile(r"\s*([+-]?\d+(?:[.,]\d*)?)\s*%\s*")
NUMBER = re.compile(r"\s*([+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?)\s*")
# A thousand in English, and one in most other languages: not clear.
THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*%?\s*")
NUMBER_TYPES = ("float_type", "int_type")
# pydantic's types of problem, and what it calls a block and a list.
BLOCK_TYPES = {"model_type": "a block of keys", "model_attributes_type": "a block of keys"}
BLOCK_TYPES |= {"dataclass_type": "a block of keys", "dict_type": "a block of names", "list_type": "a list"}
TOO_LARGE = ("less_than", "less_than_equal")
# So many keys are shown of a block that needs none.
SHOWN_KEYS = 2
# A key that holds per cent says so in its name.
IN_PERCENT = ("percent",)


def rewritten(problem: str, message: str, found: Any, where: Located) -> str:
    """pydantic's message, with what to write where that is known.

    problem: pydantic's type of it; found: the value that was read; where: its place.
    """
    message = message.removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    key = str(where.path[-1]) if where.path else ""
    if problem in NUMBER_TYPES and isinstance(found, str):
        number = _number(found, key, where, whole=problem == "int_type")
        return f"{message}; write {number}" if number else message
    # 1 rather means all.
    is_share = problem in TOO_LARGE and "share" in key and isinstance(found, int | float) and found >= 2
    if is_share and _allowed(found / 100, where):
        return f"{message}; write {_plain(found / 100)} if you mean {_plain(found)} per cent"
    if problem == "string_type" and isinstance(found, bool | int | float):
        # YAML reads NO as false and 0026 as 22: what was written is not known any more.
        return f"{message}; write it in quotes"
    if problem in BLOCK_TYPES:
        example = next((text for kind in where.kinds if (text := _example(kind, found))), None)
        expected = f"expected {BLOCK_TYPES[problem]}"
        return f"{expected}; write {example}" if example else expected
    return message


def _number(text: str, key: str, where: Located, *, whole: bool) -> str | None:
    """The number that a text means, as it should be written; None if it is not clear."""
    percent = PERCENT.fullmatch(text)
    number = percent or NUMBER.fullmatch(text)
    if number is None or THOUSANDS.fullmatch(text):
        return None
    value = float(number[1].replace(",", "."))
    if not math.isfinite(value):
        return None
    if percent and not any(word in key for word in IN_PERCENT):
        value /= 100
    if (whole and not value.is_integer()) or not _allowed(value, where):
        return None
    quotes = "" if percent or "," in text else " without quotes"
    return f"{int(value) if whole else _plain(value)}{quotes}"


def _allowed(value: float, where: Located) -> bool:
    """Whether the value is within the bounds of the key."""
    marks = [mark for kind in where.kinds for mark in _marks(*kind)]
    return all(
        getattr(mark, name, None) is None or holds(value, getattr(mark, name))
        for mark in marks
        for name, holds in (
            ("gt", lambda one, other: one > other),
            ("ge", lambda one, other: one >= other),
            ("lt", lambda one, other: one < other),
            ("le", lambda one, other: one <= other),
        )
    )


def _marks(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[Any]:
    yield from metadata
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]


def _example(kind: Kind, found: Any) -> str | None:
    """What to write in the place of a value that is not a block, a mapping or a list."""
    annotation, metadata = kind
    origin = get_origin(annotation)
    mark = next((one for one in metadata if isinstance(one, PluginBlock)), None)
    if mark is not None:
        return f"{{{mark.key}: ...}}"
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        return _example((inner, tuple(marks)), found)
    if origin in (Union, types.UnionType):
        made = (_example((member, ()), found) for member in get_args(annotation))
        return next((text for text in made if text), None)
    if origin is dict:
        inner = _example((get_args(annotation)[-1], ()), None)
        return f"{{name: {inner or '...'}}}"
    if origin is list:
        inner = _example((get_args(annotation)[0], ()), None)
        return f"[{inner or (found if isinstance(found, str | int | float) else '...')}]"
    if is_block(annotation):
        needed = [name for name, field in annotation.model_fields.items() if field.is_required()]
        keys = needed or list(annotation.model_fields)[:SHOWN_KEYS]
        return f"{{{', '.join(f'{key}: ...' for key in keys)}}}"
    return None


def _plain(value: float) -> str:
    """A number as YAML reads it: 1e+39 without a point would be text."""
    digits, sign, power = f"{value:.12g}".partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{power}" if sign else digits
