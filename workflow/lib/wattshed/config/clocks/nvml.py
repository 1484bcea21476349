"""The ``clocks.nvml`` block: which real GPU is swept."""

from pydantic import Field, model_validator

from wattshed.config.block import Block


class NvmlBlock(Block):
    gpu_index: int = Field(default=0, ge=0, le=255, description="NVML's index of the GPU.")
    gpu_uuid: str | None = Field(
        default=None,
        pattern=r"^GPU-[0-9a-f]",
        description="The GPU's uuid, or its beginning, as `nvidia-smi -L` prints it; instead of gpu_index.",
    )
    settle_s: float = Field(
        default=0.5, ge=0, le=60, description="Wait after a clock is locked, before the window opens [s]."
    )

    @model_validator(mode="after")
    def _one_name(self) -> "NvmlBlock":
        if self.gpu_uuid is not None and self.gpu_index != 0:
            raise ValueError(
                f"gpu_index is {self.gpu_index} and gpu_uuid is {self.gpu_uuid}; expected one of them: remove gpu_index"
            )
        return self
