"""Settings of strategies that keep a memory of earlier data. Loads no torch."""

from pydantic import Field, model_validator

from wattshed.config.models.adaptation import StrategyBlock

DEFAULT_PAIRS = 4096


class MemoryBlock(StrategyBlock):
    """The size of a memory, in pairs or as a share."""

    memory_pairs: int | None = Field(
        default=None,
        ge=1,
        description=f"Size of the memory [(node, window) pairs]; empty, and no memory_share, means {DEFAULT_PAIRS}.",
    )
    memory_share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Size of the memory as a share of the base training's pairs, in place of `memory_pairs`.",
    )

    @model_validator(mode="after")
    def _one_size(self) -> "MemoryBlock":
        if self.memory_pairs is not None and self.memory_share is not None:
            raise ValueError(
                f"memory_pairs is {self.memory_pairs} and memory_share {self.memory_share:g}; expected one of them: "
                "remove the other"
            )
        return self

    def size_of(self, training_pairs: int) -> int:
        """Pairs that the memory holds; training_pairs: pairs of the base training."""
        if self.memory_share is not None:
            return max(1, round(self.memory_share * training_pairs))
        return self.memory_pairs or DEFAULT_PAIRS
