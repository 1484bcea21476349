"""Whether the memory mechanisms that a recipe names fit the models that it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from wattshed.config.data.data import DataBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.memory import MechanismBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation import plugins
from wattshed.foundation.faults import one_line


class Trains(Protocol):
    """What is read from a study here."""

    @property
    def device(self) -> str: ...

    @property
    def data(self) -> DataBlock: ...

    @property
    def learned(self) -> Mapping[str, ModelBlock]: ...

    def recipe_of(self, model: str) -> RecipeBlock: ...


def refuse_misfit(
    settings: MechanismBlock,
    recipe: RecipeBlock,
    model: ModelBlock,
    windows: WindowsBlock,
    others: frozenset[str],
) -> None:
    """Raises :class:`ValueError` if a mechanism does not fit the model, its recipe or the plan's other mechanisms."""
    plugin = plugins.load("mechanism", settings.kind)
    with _asking(settings.kind):
        asked = frozenset(plugin.asks)
        lacking = asked - frozenset(plugins.load("family", model.form).offers(model))
        if lacking and not (plugin.asks_any and lacking < asked):
            lacks = " and ".join(
                getattr(offer, "lacks", f"does not offer {offer}") for offer in sorted(lacking)
            )
            raise ValueError(
                f"the form {model.form} {lacks}; expected another mechanism, or another recipe for this model"
            )
        plugin.check(settings, recipe, model, windows, others)


def refuse_misfits(recipe: RecipeBlock, model: ModelBlock, windows: WindowsBlock, device: str) -> None:
    """The same for all mechanisms that a recipe names, and for the device; errors name the mechanism's place."""
    named = [] if recipe.memory is None else recipe.memory.mechanisms
    kinds = frozenset(settings.kind for settings in named)
    for place, settings in enumerate(named):
        try:
            refuse_misfit(settings, recipe, model, windows, kinds - {settings.kind})
            with _asking(settings.kind):
                plugins.load("mechanism", settings.kind).check_device(settings, device)
        except ValueError as error:
            raise ValueError(f"memory.mechanisms.{place} ({settings.kind}): {error}") from None


def refuse_freed(recipe: RecipeBlock, step: str) -> None:
    """Raises :class:`ValueError` if the recipe names a mechanism that frees gradients, which the step still changes."""
    kinds = [] if recipe.memory is None else [settings.kind for settings in recipe.memory.mechanisms]
    for place, kind in enumerate(kinds):
        if plugins.load("mechanism", kind).frees_gradients:
            raise ValueError(
                f"{step!r} changes all gradients before each update, and memory.mechanisms.{place} of its recipe, "
                f"{kind}, frees each of them before; expected one of the two: leave the mechanism or the step out, or, "
                "with device: cuda, take gradient_offload"
            )


def mechanisms_of(recipe: RecipeBlock) -> list[str]:
    """The mechanisms that trainings by a recipe may use; a level may take any."""
    if recipe.memory is None:
        return []
    if recipe.memory.level != "none":
        return plugins.names("mechanism")
    return [settings.kind for settings in recipe.memory.mechanisms]


def check_memory(study: Trains) -> None:
    """Raises :class:`ValueError` for the first mechanism of a recipe that does not fit a model which it trains."""
    for name, model in study.learned.items():
        try:
            refuse_misfits(study.recipe_of(name), model, study.data.windows, study.device)
        except ValueError as error:
            raise ValueError(f"models.{name}: recipes.{model.recipe}.{error}") from None


@contextmanager
def _asking(kind: str) -> Iterator[None]:
    """Turns a defect of a mechanism or of a family into one sentence."""
    try:
        yield
    except ValueError:
        raise
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"the memory mechanism {kind!r} fails when it is asked whether it fits "
            f"({type(error).__name__}: {one_line(error)}); expected a sentence: correct the plug-in"
        ) from error
