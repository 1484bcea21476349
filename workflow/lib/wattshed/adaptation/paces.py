"""How long and how fast a strategy learns from a month: from its settings, or from the recipe of its model."""

from wattshed.config.models.adaptation import StrategyBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation.faults import Fault
from wattshed.training.updates import Pace


def pace_of(name: str, settings: StrategyBlock, recipe: RecipeBlock, pairs_each: int) -> Pace:
    """The pace of a strategy.

    recipe: of the model, for strategies that train as it does; pairs_each: (node, window) pairs of one of its examples.
    Raises :class:`Fault` if a key is empty; a study fills it from its block ``adaptation``.
    """
    steps, epochs = settings.steps, settings.epochs
    batch, rate = settings.batch, settings.learning_rate
    if not settings.takes_shared_pace:
        # Updates do not accumulate: the batches of one step of the recipe are one batch here.
        batch = batch or max(2, recipe.batch * recipe.accumulate * pairs_each)
        rate = rate or recipe.learning_rate
        if steps is None and epochs is None:
            passes = recipe.steps_per_epoch is None
            epochs = recipe.epochs if passes else None
            steps = None if passes else -(-recipe.epochs * (recipe.steps_per_epoch or 1) // recipe.accumulate)
    if (steps is None and epochs is None) or batch is None or rate is None:
        empty = "batch" if batch is None else "learning_rate" if rate is None else "steps"
        raise Fault(
            f"the settings of the strategy {name} have no {empty}: expected a number; add it to --settings."
        )
    return Pace(steps or 0, batch, rate, settings.weight_decay, epochs)
