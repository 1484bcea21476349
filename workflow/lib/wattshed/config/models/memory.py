"""The block ``memory`` of a recipe: what a training does to need less memory. Each mechanism adds its own keys."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock

Level = Literal["none", "low", "medium", "high", "auto"]


class MechanismBlock(Block):
    """What the blocks of all memory mechanisms share."""

    kind: str = Field(description="The memory mechanism; it decides which further keys there are.")


Mechanism = Annotated[MechanismBlock, PluginBlock("mechanism", "kind")]


class MemoryBlock(Block):
    """A level, mechanisms of one's own, or both: a mechanism named here replaces the level's of the same kind."""

    level: Level = Field(
        default="none",
        description="`low`, `medium` and `high` take ever more mechanisms; `auto` takes the first level whose "
        "predicted peak fits the device; `none` takes only the mechanisms named here.",
    )
    mechanisms: list[Mechanism] = Field(
        default=[], description="Mechanisms with their settings, such as {kind: fused_attention}."
    )
    limit_mb: float | None = Field(
        default=None,
        gt=0,
        description="Memory that a step may take [MB], for `auto`; empty means the memory of the device.",
    )

    @model_validator(mode="before")
    @classmethod
    def _a_bare_level_is_a_block(cls, given: Any) -> Any:
        return {"level": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _kinds_differ(self) -> "MemoryBlock":
        kinds = [mechanism.kind for mechanism in self.mechanisms]
        for place, kind in enumerate(kinds):
            if kind in kinds[:place]:
                raise ValueError(f"mechanisms.{place} names {kind!r} twice; expected each mechanism once")
        return self

    @model_validator(mode="after")
    def _a_limit_is_looked_at(self) -> "MemoryBlock":
        if self.limit_mb is not None and self.level != "auto":
            raise ValueError(
                f"limit_mb is {self.limit_mb:g}, but level is {self.level!r}, which looks at no limit; expected level: "
                "auto, or no limit_mb"
            )
        return self
