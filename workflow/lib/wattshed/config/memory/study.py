"""The block ``memory`` of a study: what the memory levels save and cost, measured over models, lengths and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.memory.plans import refuse_misfit
from wattshed.config.models.families import check_windows
from wattshed.config.models.memory import Mechanism
from wattshed.foundation.hours import step_words

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.memory import MechanismBlock
    from wattshed.config.models.recipes import RecipeBlock

StudyLevel = Literal["none", "low", "medium", "high"]
LEVELS: tuple[StudyLevel, ...] = get_args(StudyLevel)
# The level that all others are held against.
BASE: StudyLevel = "none"
# Longer windows than this take gigabytes for attention's scores alone.
LONGEST, LARGEST_BATCH = 4096, 65_536


class MemoryStudyBlock(Block):
    """Training steps at every level, length and batch: predicted, and measured where they are small enough."""

    models: list[str] = Field(
        default=[],
        description="Names of `models` that are trained by gradient steps; empty means all of them but those with a "
        "shuffled graph.",
    )
    levels: list[StudyLevel] = Field(
        default=list(LEVELS),
        min_length=2,
        description="Memory levels; `none` is the plain step, against which the others are held.",
    )
    alone: list[Mechanism] = Field(
        default=[],
        description="Mechanisms that are also measured each on its own, with their settings, such as "
        "{kind: gradient_release}.",
    )
    lengths: list[int] = Field(
        default=[],
        description="Lengths of what a model sees, in steps of the panel: the look-back, or a sequence of a recipe "
        "that samples sequences; empty means the study's own. Examples are cut longer or shorter than the panel's; "
        "what a series lacks is padded and masked.",
    )
    batches: list[int] = Field(
        default=[],
        description="Batches, in what the recipe's `batch` counts; empty means each recipe's own.",
    )
    repeats: int = Field(
        default=5,
        ge=2,
        le=200,
        description="Measured steps of each level and cell; the levels of a cell take turns.",
    )
    largest_mb: float = Field(
        default=1000.0,
        gt=0,
        description="Cells whose predicted peak is larger are predicted and not measured [MB].",
    )
    limit_s: float = Field(
        default=120.0,
        ge=1,
        le=24 * 3600,
        description="After this many seconds no further cell is measured; those that are left are predicted only [s].",
    )

    @model_validator(mode="after")
    def _each_once(self) -> MemoryStudyBlock:
        given: dict[str, list[Any]] = {
            name: list(getattr(self, name)) for name in ("models", "levels", "lengths", "batches")
        }
        given["alone"] = [mechanism.kind for mechanism in self.alone]
        for name, values in given.items():
            twice = [value for place, value in enumerate(values) if value in values[:place]]
            if twice:
                raise ValueError(f"{name} names {twice[0]!r} twice; expected each once")
        return self

    @model_validator(mode="after")
    def _has_a_base(self) -> MemoryStudyBlock:
        if BASE not in self.levels:
            raise ValueError(
                f"levels are {list(self.levels)}; expected {BASE!r} among them, the plain step that the others are "
                "held against"
            )
        return self

    @model_validator(mode="after")
    def _sizes_can_be_built(self) -> MemoryStudyBlock:
        for name, least, largest in (("lengths", 2, LONGEST), ("batches", 1, LARGEST_BATCH)):
            wrong = [value for value in getattr(self, name) if not least <= value <= largest]
            if wrong:
                raise ValueError(f"{name} has {wrong[0]}; expected sizes from {least} to {largest}")
        return self

    def measured(self, models: dict[str, ModelBlock]) -> list[str]:
        """The models whose steps are measured, of those of the study."""
        every = [name for name, model in models.items() if model.recipe is not None]
        return self.models or [name for name in every if models[name].graph != "shuffled"]


def with_length(recipe: RecipeBlock, windows: WindowsBlock, length: int) -> tuple[RecipeBlock, WindowsBlock]:
    """The same training with what the model sees of another length: a look-back, or a sequence where it samples those.

    length: in steps.
    Raises :class:`ValueError` for a sequence that is all burn-in.
    """
    if recipe.sampling != "sequences":
        return recipe, windows.with_look_back(length)
    step, (hours, rest) = step_words(windows.step_minutes), divmod(length, windows.steps_per_hour)
    if rest:
        raise ValueError(
            f"a sequence of {length} {step}s does not fill whole hours; expected a multiple of "
            f"{windows.steps_per_hour}"
        )
    if recipe.burn_in_h >= hours:
        raise ValueError(
            f"a sequence of {length} {step}s has no {step} with a loss after the burn-in of {recipe.burn_in_h} h; "
            "expected a longer one"
        )
    return recipe.model_copy(update={"sequence_h": hours}), windows


def _refuse_useless(
    block: MemoryStudyBlock,
    models: dict[str, ModelBlock],
    recipes: dict[str, RecipeBlock],
    windows: WindowsBlock,
) -> None:
    """Raise :class:`ValueError` for a mechanism of ``alone`` that fits none of the models at any of the lengths; of one
    that fits some, the rows of the others say why not."""
    lengths = block.lengths or [windows.look_back_steps]
    for place, settings in enumerate(block.alone):
        reasons = [
            _why_not(settings, recipes[name], model, windows.with_look_back(length))
            for name, model in models.items()
            for length in lengths
        ]
        if all(reasons):
            raise ValueError(
                f"memory.alone.{place} ({settings.kind}) fits none of the models; {next(iter(models))}: {reasons[0]}"
            )


def _why_not(
    settings: MechanismBlock, recipe: RecipeBlock, model: ModelBlock, windows: WindowsBlock
) -> str | None:
    try:
        refuse_misfit(settings, recipe, model, windows, frozenset())
    except ValueError as error:
        return str(error)
    return None


def check_memory_study(
    block: MemoryStudyBlock,
    models: dict[str, ModelBlock],
    recipes: dict[str, RecipeBlock],
    windows: WindowsBlock,
) -> None:
    """Raise :class:`ValueError` if a model of the block is not of the study, is solved in closed form, or does not fit
    one of the lengths.

    recipes: by the model's name.
    """
    for place, name in enumerate(block.models):
        trained = sorted(name for name, model in models.items() if model.recipe is not None)
        if name not in models:
            raise ValueError(f"memory.models.{place} is {name!r}; expected one of the models {trained}")
        if models[name].recipe is None:
            raise ValueError(
                f"memory.models.{place} is {name!r}, which is solved in closed form and takes no training step; "
                f"expected one of the models {trained}"
            )
    names = block.measured(models)
    if not names:
        raise ValueError(
            "memory has no model to measure: expected a model that is trained by gradient steps; remove the block"
        )
    _refuse_useless(block, {name: models[name] for name in names}, recipes, windows)
    for name in names:
        recipe = recipes[name]
        for place, length in enumerate(block.lengths):
            try:
                _, own = with_length(recipe, windows, length)
                check_windows(models[name], own)
            except ValueError as error:
                raise ValueError(f"memory.lengths.{place}: models.{name}: {error}") from None
