"""The first problem of a configuration as one sentence: its place in the user's file, and what was expected."""

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from wattshed.config.plugin_block import PluginBlock
from wattshed.foundation import plugins

# If a block has more keys than this, the message names the schema instead of listing them.
MOST_KEYS = 12
# A message with one of these already says what to do.
ADVICE = re.compile(
    r"did you mean |\?$|[:;,] (?:or )?(?:add|choose|correct|give|install|leave|name|remove|rename|set|use|write) "
)
# Values and places longer than this are cut.
MOST_CHARACTERS = 100


def sentence(
    error: ValidationError,
    origin: str,
    block: type[BaseModel] | None = None,
    given: Any = None,
) -> str:
    """The first problem that pydantic found, as a user reads it.

    origin: the file. block: the model that was validated, and given: the parsed file; with both, the place is the path
    in the user's file, and suggestions come from the block with the problem.
    """
    problems = error.errors(include_url=False)
    # A misspelt key is also a missing one; reporting the misspelling helps more.
    first = next((problem for problem in problems if problem["type"] == "extra_forbidden"), problems[0])
    path, keys = _locate(first["loc"], block, given)
    # A problem that concerns several blocks has no path; its message names the keys.
    place = _short("".join(_readable(letter) for letter in ".".join(str(part) for part in path)))
    more = f" ({len(problems) - 1} more after it)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{origin}: {place} is not a known key: {_suggestion(str(path[-1]), keys)}{more}"
    if first["type"] == "missing":
        return (
            f"{origin}: {place} is missing: add it (config/schema.json describes every key, config/methods.yaml shows "
            f"all strategies and methods).{more}"
        )
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    found = first["input"]
    shown = (
        f" (found {_short(repr(found))})"
        if isinstance(found, str | int | float | bool) or found is None
        else ""
    )
    where = f"{origin}: {place}" if place else origin
    return f"{where}: {message}{shown}{_ending(message, shown)}{more}"


def _ending(message: str, shown: str) -> str:
    """What to do, unless the message already says it or asks."""
    if ADVICE.search(message):
        return "" if message.endswith(("?", ".")) and not shown else "."
    return ": correct it and run again."


def _readable(letter: str) -> str:
    """The letter, escaped if it would break the line."""
    return letter if letter.isprintable() else repr(letter)[1:-1]


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def _suggestion(key: str, keys: list[str]) -> str:
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if keys and len(keys) <= MOST_KEYS:
        return f"expected one of {', '.join(keys)}; remove it or rename it."
    return "remove it or see config/schema.json."


def _locate(
    loc: tuple[int | str, ...], block: type[BaseModel] | None, given: Any
) -> tuple[list[int | str], list[str]]:
    """The path to the problem in the user's file, and the keys of the block that contains its last part.

    pydantic also puts the names of a union's members into its path; they are left out, since the file does not contain
    them.
    """
    if block is None:
        return list(loc), []
    path: list[int | str] = []
    blocks: list[Any] = [block]
    keys = _keys(blocks)
    for number, part in enumerate(loc):
        if not _holds(given, part):
            if number == len(loc) - 1:
                path.append(part)
                keys = _keys(blocks)
            continue
        path.append(part)
        keys = _keys(blocks)
        given = given[part]
        inner = [pair for one in blocks for pair in _inside(one, part)]
        blocks = [one for annotation, metadata in inner for one in _expand(annotation, metadata, given)]
    return path, keys


def _holds(given: Any, part: int | str) -> bool:
    if isinstance(given, Mapping):
        return part in given
    return isinstance(given, list) and isinstance(part, int) and part < len(given)


def _keys(blocks: list[Any]) -> list[str]:
    return [name for block in blocks if _is_block(block) for name in block.model_fields]


def _is_block(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _inside(block: Any, part: int | str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Types, with their annotations, of the value under ``part`` of a block, a mapping or a list."""
    if _is_block(block):
        field = block.model_fields.get(part)
        if field is not None:
            yield field.annotation, tuple(field.metadata)
    elif get_origin(block) in (dict, list, tuple) and get_args(block):
        yield get_args(block)[-1 if get_origin(block) is dict else 0], ()


def _expand(annotation: Any, metadata: tuple[Any, ...], given: Any) -> Iterator[Any]:
    """Blocks, mappings and lists that ``given`` may be read as."""
    for mark in metadata:
        if isinstance(mark, PluginBlock):
            name = given.get(mark.key) if isinstance(given, Mapping) else None
            if name in plugins.names(mark.kind):
                yield plugins.load(mark.kind, name).Settings
            return
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        yield from _expand(inner, tuple(marks), given)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _expand(member, (), given)
    elif not _is_block(annotation) or _agrees(annotation, given):
        yield annotation


def _agrees(block: type[BaseModel], given: Any) -> bool:
    """Whether the keys that distinguish a union's members, such as ``kind``, have the values of this block."""
    if not isinstance(given, Mapping):
        return True
    return all(
        given[name] in get_args(field.annotation)
        for name, field in block.model_fields.items()
        if get_origin(field.annotation) is Literal and name in ("kind", "method", "backend") and name in given
    )
