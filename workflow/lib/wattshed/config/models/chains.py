"""The ``chains`` block: what is done with a trained model, step after step."""

from typing import Annotated

from pydantic import Field, StringConstraints

from wattshed.config.block import Block

# The last step of a chain whose checkpoint is swept over clocks; it makes no checkpoint of its own.
SWEEP = "sweep"


class ChainBlock(Block):
    """A model and the steps after its training. Every step leaves a checkpoint that the next one takes."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="Name of the chain in tables and figures."
    )
    model: str = Field(description="Name of one of the `models`, where the chain begins.")
    steps: list[str] = Field(
        min_length=1,
        description="Names of `adaptation.strategies` and `compression.variants` in the order in which they are done, "
        "such as [replay, prune_half]; `sweep` as the last one sweeps the GPU clocks of what the chain has made.",
    )

    @property
    def makes(self) -> list[str]:
        """The steps that leave a checkpoint."""
        return [step for step in self.steps if step != SWEEP]

    @property
    def swept(self) -> bool:
        return self.steps[-1] == SWEEP
