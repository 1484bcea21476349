"""The ``clocks.nvml`` block: which real GPU is swept."""

from pydantic import Field

from wattshed.config.block import Block


class NvmlBlock(Block):
    gpu_index: int = Field(default=0, ge=0, le=255, description="NVML's index of the GPU.")
    settle_s: float = Field(
        default=0.5, ge=0, le=60, description="Wait after a clock is locked, before the window opens [s]."
    )
