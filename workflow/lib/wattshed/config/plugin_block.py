"""Types for keys that name a plug-in, and for blocks whose other keys belong to the plug-in that one key names."""

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import check_own
from wattshed.foundation.extending.kinds import KINDS, KindName


def read_block(kind: KindName, key: str, given: Any) -> Any:
    """Read a block with the ``Settings`` class of the plug-in that its ``key`` names.

    Raises :class:`ValueError` for an unknown name, and pydantic's ``ValidationError`` for wrong keys.
    """
    if isinstance(given, BaseModel):
        given = given.model_dump(mode="json")
    if not isinstance(given, Mapping):
        raise ValueError(not_a_block(kind, key, given))
    name = given.get(key)
    if not isinstance(name, str):
        raise ValueError(f"the key {key} is missing; expected one of {', '.join(plugins.names(kind))}")
    check_own(kind, plugins.check_name(kind, name))
    settings: type[BaseModel] = plugins.load(kind, name).Settings
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise ValueError(
            f"the Settings of the {KINDS[kind].what} {name!r} are not a class of settings; expected one that "
            "is derived from the block of its kind: correct the plug-in"
        )
    # Validated as JSON, so that dates and enumerations may be text although the blocks are strict.
    return settings.model_validate_json(json.dumps(given, default=str))


def not_a_block(kind: KindName, key: str, given: Any, without: Collection[str] = ()) -> str:
    """What to write in the place of a value that is not a block, such as a plug-in's bare name.

    without: keys of the plug-in's settings that are not written there.
    """
    known = plugins.names(kind)
    near = difflib.get_close_matches(given, known, n=1) if isinstance(given, str) else []
    if not near:
        return f"expected a block with the key {key}; write {{{key}: ...}} with one of {', '.join(known)}"
    # A study's own plug-in may lack its settings.
    settings = getattr(plugins.load(kind, near[0]), "Settings", None)
    fields: dict[str, FieldInfo] = getattr(settings, "model_fields", {})
    needed = [name for name, field in fields.items() if field.is_required() and name not in (key, *without)]
    keys = [f"{key}: {near[0]}", *(f"{name}: ..." for name in needed)]
    return f"expected a block with the key {key}; write {{{', '.join(keys)}}}"


@dataclass(frozen=True)
class PluginBlock:
    """Annotation of a field: its value is the block of a plug-in of this kind, named by ``key``.

    The study's own plug-ins count too if they are known when a configuration is read. The JSON schema lists all
    plug-ins that are known when it is made.
    """

    kind: KindName
    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(given: Any) -> Any:
            block = given if isinstance(given, source) else read_block(self.kind, self.key, given)
            if not isinstance(block, source):
                raise ValueError(
                    f"the Settings of the {KINDS[self.kind].what} {getattr(block, self.key, None)!r} are not a "
                    f"{source.__name__}; expected a class that is derived from it: correct the plug-in"
                )
            return block

        return core_schema.no_info_plain_validator_function(read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        blocks = {name: plugins.load(self.kind, name).Settings for name in plugins.names(self.kind)}
        return {
            "oneOf": [
                {**handler(block.__pydantic_core_schema__), "title": name} for name, block in blocks.items()
            ]
        }


@dataclass(frozen=True)
class PluginName:
    """Annotation of a text: it must be the name of a plug-in of this kind. The JSON schema lists the names."""

    kind: KindName

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(name: str) -> str:
            check_own(self.kind, plugins.check_name(self.kind, name))
            return name

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "enum": plugins.names(self.kind)}
