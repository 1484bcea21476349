"""What to do about an unknown key: correct its spelling, or write it in the block that has such a key."""

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from wattshed.config.located import Level, Located, agrees, is_block
from wattshed.config.plugin_block import PluginBlock
from wattshed.foundation import plugins

# If a block has more keys than this, the message names the schema instead of listing them.
MOST_KEYS = 12
# A key this much like a known one is misspelt, even if another block has it.
MISSPELT = 0.8
# A key of more blocks than this says nothing of what was meant.
MOST_PLACES = 3
# Blocks are looked for so many levels down.
DEEPEST = 3
MOST_CHARACTERS = 40


@dataclass(frozen=True)
class Nested:
    """A block below another one. path: from there; blocks: what it may be read as; mark: for that of a plug-in;
    name: the plug-in's, where it is known; given: what the user wrote there."""

    path: tuple[str, ...]
    blocks: tuple[type[BaseModel], ...]
    given: Any
    mark: PluginBlock | None = None
    name: str | None = None

    def has(self, key: str) -> bool:
        return any(key in block.model_fields for block in self.blocks)

    def below(self) -> Iterator["Nested"]:
        for block in self.blocks:
            for field, info in block.model_fields.items():
                yield from _nested(
                    (*self.path, field), info.annotation, info.metadata, _at(self.given, field)
                )


def key_advice(found: Located) -> str:
    """``did you mean 'batch'?``, or the block to which the last key of the path belongs."""
    key, level = str(found.path[-1]), found.levels[-1] if found.levels else Level([], None)
    keys = level.keys
    near = difflib.get_close_matches(key, keys, n=1, cutoff=MISSPELT)
    belongs = None if near else _belongs(key, level, found)
    if belongs:
        return belongs
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if keys and len(keys) <= MOST_KEYS:
        return f"expected one of {', '.join(keys)}; remove it or rename it."
    return "remove it or see config/schema.json."


def _belongs(key: str, level: Level, found: Located) -> str | None:
    """To which blocks below or above this one the key belongs; None if there are none or too many."""
    outer = tuple(map(str, found.path[:-1]))
    below, above = _below(key, level), _above(key, found)
    places = dict.fromkeys(".".join([*outer, *nested.path]) for nested in below)
    if above is not None:
        places |= {".".join(map(str, found.path[:above])) or "the file itself": None}
    if not places or len(places) > MOST_PLACES:
        return None
    of = f"{key} is a key of {' or of '.join(places)}"
    if len(places) > 1:
        return f"{of}; write it in one of them."
    if above is not None:
        return f"{of}; write it beside {found.path[above]}."
    nested = below[0]
    if len(nested.path) > 1:
        return f"{of}; write it there."
    shown = [f"{key}: {_shown(_at(level.given, key))}"]
    if nested.mark is not None and key != nested.mark.key:
        shown = [f"{nested.mark.key}: {nested.name or '...'}", *shown]
    return f"{of}; write {nested.path[0]}: {{{', '.join(shown)}}}."


def _below(key: str, level: Level) -> list[Nested]:
    """The blocks below that have the key, those of the least depth."""
    at = [Nested((), tuple(block for block in level.blocks if is_block(block)), level.given)]
    for _ in range(DEEPEST):
        at = [inner for nested in at for inner in nested.below()]
        having = [nested for nested in at if nested.has(key)]
        if having:
            return having
    return []


def _above(key: str, found: Located) -> int | None:
    """The depth of the nearest block around this one that has the key."""
    depths = range(len(found.levels) - 2, -1, -1)
    return next((depth for depth in depths if key in found.levels[depth].keys), None)


def _nested(path: tuple[str, ...], annotation: Any, marks: Any, given: Any) -> Iterator[Nested]:
    """The blocks that a value may be read as, and those in its mappings and lists."""
    mark = next((one for one in marks if isinstance(one, PluginBlock)), None)
    origin = get_origin(annotation)
    if mark is not None:
        names = plugins.names(mark.kind)
        # A bare name where a block is expected names the plug-in too.
        told = _at(given, mark.key) if isinstance(given, Mapping) else given
        name = told if isinstance(told, str) and told in names else None
        # A study's own plug-in may lack its settings.
        read = (
            getattr(plugins.load(mark.kind, one), "Settings", None) for one in ([name] if name else names)
        )
        blocks = tuple(settings for settings in read if is_block(settings))
        yield Nested(path, blocks, given, mark, name)
    elif origin is Annotated:
        inner, *marks = get_args(annotation)
        yield from _nested(path, inner, marks, given)
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _nested(path, member, (), given)
    elif origin in (dict, list):
        entry = "<name>" if origin is dict else "<number>"
        yield from _nested((*path, entry), get_args(annotation)[-1], (), None)
    elif is_block(annotation) and agrees(annotation, given):
        yield Nested(path, (annotation,), given)


def _at(given: Any, key: str) -> Any:
    return given.get(key) if isinstance(given, Mapping) else None


def _shown(value: Any) -> str:
    """A short value as in the file."""
    plain = isinstance(value, bool | int | float) or (isinstance(value, str) and value.isidentifier())
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if plain and len(text) <= MOST_CHARACTERS else "..."
