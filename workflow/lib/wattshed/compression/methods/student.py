"""The block of a student: that of a model, without the keys that its teacher decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from wattshed.config.models.families import ModelBlock
from wattshed.config.plugin_block import PluginBlock, not_a_block, read_block
from wattshed.foundation.extending.kinds import KindName

# Keys of a model's block that a student does not have, with the values that its block holds.
OF_THE_TEACHER: dict[str, Any] = {
    "recipe": "distil",
    "graph": "given",
    "minimum_edge_weight": 0.0,
    "engine": None,
}


@dataclass(frozen=True)
class StudentBlock(PluginBlock):
    """Annotation of a field: its value is the block of a model family, named by ``form``."""

    kind: KindName = "family"
    key: str = "form"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = super().__get_pydantic_json_schema__(schema, handler)
        return {"oneOf": [_without(block) for block in made["oneOf"]]}


def _read(given: Any) -> ModelBlock:
    """Raises :class:`ValueError` for a key of the teacher's and an unknown form, ``ValidationError`` for wrong keys."""
    if isinstance(given, ModelBlock):
        return given
    if isinstance(given, BaseModel) or not isinstance(given, Mapping):
        raise ValueError(not_a_block("family", "form", given, without=OF_THE_TEACHER))
    for key, own in OF_THE_TEACHER.items():
        if key in given and given[key] != own:
            beside = "; write the key beside student" if key == "recipe" else ""
            raise ValueError(f"{key} is not a key of a student; expected it to be left out{beside}")
    block: ModelBlock = read_block("family", "form", {**given, **OF_THE_TEACHER})
    return block


def _without(schema: JsonSchemaValue) -> JsonSchemaValue:
    properties = {key: value for key, value in schema["properties"].items() if key not in OF_THE_TEACHER}
    # A model has a default form in some families; a student names its own.
    required = sorted({"form", *schema.get("required", [])} - set(OF_THE_TEACHER))
    return {**schema, "properties": properties, "required": required}
