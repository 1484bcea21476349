"""The ``adaptation`` block: fine-tuning month by month."""

from typing import Literal

from pydantic import Field

from wattshed.config.block import Block


class AdaptationBlock(Block):
    strategies: list[Literal["frozen", "naive", "replay"]] = Field(
        default=["frozen", "naive", "replay"],
        min_length=1,
        description="`frozen`: never updated; `naive`: new month only; `replay`: new month mixed with a memory.",
    )
    steps: int = Field(default=100, ge=1, description="Gradient steps per month.")
    batch: int = Field(default=256, ge=2, description="(node, window) pairs per step.")
    learning_rate: float = Field(default=1e-3, gt=0, lt=1, description="Learning rate of the updates.")
    replay_share: float = Field(default=0.5, gt=0, lt=1, description="Share of each batch from the memory.")
    memory_pairs: int = Field(default=4096, ge=1, description="Size of the reservoir [pairs].")
