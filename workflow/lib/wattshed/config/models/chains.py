"""The ``chains`` block: the steps after a model's training."""

from typing import Annotated

from pydantic import Field, StringConstraints

from wattshed.config.block import Block

# A chain may end with this step: a clock sweep of its checkpoint. It makes no checkpoint itself.
SWEEP = "sweep"


class ChainBlock(Block):
    """A model and the steps after its training. Each step makes a checkpoint, from which the next one starts."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="Name of the chain in tables and figures."
    )
    model: str = Field(description="Name of one of the `models`, with which the chain begins.")
    steps: list[str] = Field(
        min_length=1,
        description="Names of `adaptation.strategies` and `compression.variants` in the order in which they are done, "
        "such as [replay, prune_half]; `sweep` as the last one sweeps the GPU clocks with the chain's last "
        "checkpoint.",
    )

    @property
    def makes(self) -> list[str]:
        """The steps that make a checkpoint."""
        return [step for step in self.steps if step != SWEEP]

    @property
    def swept(self) -> bool:
        return self.steps[-1] == SWEEP
