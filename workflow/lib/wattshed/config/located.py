"""Where a problem of a configuration is: its path in the user's file, and what may be written there."""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

from wattshed.config.plugin_block import PluginBlock
from wattshed.foundation import plugins

# A type, with its annotations.
Kind = tuple[Any, tuple[Any, ...]]
# How pydantic calls members of unions.
MEMBER = re.compile(r"str|int|float|bool|none|(list|dict|tuple|constrained|literal)\b.*")


@dataclass(frozen=True)
class Level:
    """A block, mapping or list on the way to a problem.

    blocks: what it may be read as; given: what the user wrote there.
    """

    blocks: list[Any]
    given: Any

    @property
    def keys(self) -> list[str]:
        return [name for block in self.blocks if is_block(block) for name in block.model_fields]

    @property
    def can_lack_keys(self) -> bool:
        """Whether a key can be missing here: not in a text or number, nor where nothing but these may be written."""
        return isinstance(self.given, Mapping) and (not self.blocks or any(map(is_block, self.blocks)))

    def inside(self, part: int | str) -> list[Kind]:
        """What may be written under ``part``."""
        return [kind for block in self.blocks for kind in _inside(block, part)]


@dataclass(frozen=True)
class Located:
    """path: in the user's file; levels: from the file's own to the one that contains the path's last part."""

    path: list[int | str]
    levels: list[Level]

    @property
    def kinds(self) -> list[Kind]:
        """What may be written at the path."""
        return self.levels[-1].inside(self.path[-1]) if self.levels and self.path else []


def locate(loc: tuple[int | str, ...], block: type[BaseModel] | None, given: Any) -> Located:
    """The place of a problem. block: what the file was read as, None if unknown; given: the parsed file.

    pydantic also puts the names of a union's members into its path; they are left out, since the file does not contain
    them.
    """
    if block is None:
        return Located(list(loc), [])
    path: list[int | str] = []
    levels: list[Level] = []
    level = Level([block], given)
    for number, part in enumerate(loc):
        if not _holds(level.given, part):
            if number == len(loc) - 1 and level.can_lack_keys:
                path.append(part)
                levels.append(level)
            continue
        path.append(part)
        levels.append(level)
        value = level.given[part]
        level = Level([one for kind in level.inside(part) for one in expand(*kind, value)], value)
    return Located(path, levels)


def _of_union(part: int | str, level: Level) -> bool:
    """Whether the last part of a place is only pydantic's name of a union's member, such as ``str``."""
    if part in level.keys:
        return False
    return not isinstance(level.given, Mapping) or bool(MEMBER.fullmatch(str(part)))


def _holds(given: Any, part: int | str) -> bool:
    if isinstance(given, Mapping):
        return part in given
    return isinstance(given, list) and isinstance(part, int) and part < len(given)


def is_block(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _inside(block: Any, part: int | str) -> Iterator[Kind]:
    """Types, with their annotations, of the value under ``part`` of a block, a mapping or a list."""
    if is_block(block):
        field = block.model_fields.get(str(part))
        if field is not None:
            yield field.annotation, tuple(field.metadata)
    elif get_origin(block) in (dict, list, tuple) and get_args(block):
        yield get_args(block)[-1 if get_origin(block) is dict else 0], ()


def expand(annotation: Any, metadata: tuple[Any, ...], given: Any) -> Iterator[Any]:
    """Blocks, mappings and lists that ``given`` may be read as."""
    for mark in metadata:
        if isinstance(mark, PluginBlock):
            name = given.get(mark.key) if isinstance(given, Mapping) else None
            if name in plugins.names(mark.kind):
                yield plugins.load(mark.kind, name).Settings
            return
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        yield from expand(inner, tuple(marks), given)
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from expand(member, (), given)
    elif not is_block(annotation) or agrees(annotation, given):
        yield annotation


def agrees(block: type[BaseModel], given: Any) -> bool:
    """Whether the keys that distinguish a union's members, such as ``kind``, have the values of this block."""
    if not isinstance(given, Mapping):
        return True
    return all(
        given[name] in get_args(field.annotation)
        for name, field in block.model_fields.items()
        if get_origin(field.annotation) is Literal and name in ("kind", "method", "backend") and name in given
    )
