"""The ladder's ``tuning``: grids of recipes, the same for the opponents and for the house's own networks."""

import itertools
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from wattshed.config.block import Block
from wattshed.config.models.recipes import RecipeBlock


class GridBlock(Block):
    """Batches, rates and losses of which each combination is trained; the least validation error chooses one."""

    batch: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, description="Batches to try.")
    learning_rate: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        min_length=1, description="Peak learning rates to try."
    )
    loss: list[Literal["huber", "squared"]] = Field(min_length=1, description="Losses to try.")
    seeds: list[int] = Field(
        min_length=1,
        description="Seeds of every grid point; others than the study's own, which the ladder climbs.",
    )

    def points(self, recipe: RecipeBlock) -> Iterator[RecipeBlock]:
        """The recipe at every point of the grid, in order.

        All points are checked after the same number of samples: ``steps_per_epoch`` falls as the batch grows. Raises
        :class:`ValueError` where that number is not a whole number of batches, or the recipe has no
        ``steps_per_epoch``.
        """
        if recipe.steps_per_epoch is None:
            raise ValueError(
                "its recipe has no steps_per_epoch; expected a number, so that all points are checked alike"
            )
        drawn = recipe.batch * recipe.steps_per_epoch
        for batch, rate, loss in itertools.product(self.batch, self.learning_rate, self.loss):
            if drawn % batch:
                raise ValueError(
                    f"a check comes after {drawn} samples, which is not a whole number of batches of {batch}; expected "
                    "a divisor of it"
                )
            yield recipe.model_copy(
                update={
                    "batch": batch,
                    "steps_per_epoch": drawn // batch,
                    "learning_rate": rate,
                    "loss": loss,
                }
            )


def point_name(recipe: RecipeBlock) -> str:
    """A grid point's name, such as ``batch_32-rate_0.01-huber``."""
    return f"batch_{recipe.batch}-rate_{recipe.learning_rate:g}-{recipe.loss}"
