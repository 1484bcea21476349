"""Whether a ladder can be climbed with the models of its study."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from wattshed.config.models.families import ModelBlock
from wattshed.config.models.ladder import LadderBlock, differing
from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.models.tuning import GridBlock


class Models(Protocol):
    """What is read from a study here."""

    @property
    def seeds(self) -> Sequence[int]: ...

    @property
    def baselines(self) -> Sequence[str]: ...

    @property
    def models(self) -> Mapping[str, ModelBlock]: ...

    @property
    def learned(self) -> Mapping[str, ModelBlock]: ...

    def recipe_of(self, model: str) -> RecipeBlock: ...


def check_ladder(ladder: LadderBlock, study: Models) -> None:
    """Raise :class:`ValueError` for a step without a model, an opponent without epochs, a grid that cannot be trained,
    and for changes that are not those that the models have."""
    known = sorted([*study.models, *study.baselines])
    for place, step in enumerate(ladder.steps):
        if (step.recorded is None) != (step.name in known):
            raise ValueError(
                f"ladder.steps.{place}.name is {step.name!r}; expected one of {known}"
                if step.recorded is None
                else f"ladder.steps.{place} is recorded and {step.name!r} is trained too; expected one of both"
            )
    for role, name in ladder.opponents.items():
        if name not in study.learned:
            raise ValueError(
                f"ladder.{role} is {name!r}, which has no epochs; expected one of the models {sorted(study.learned)}"
            )
    for step in ladder.steps:
        ends = [ladder.before(step), step.name] if step.changes else []
        for end in ends:
            if end not in study.learned:
                raise ValueError(
                    f"ladder: {step.name!r} has changes, but {end!r} has no recipe; expected two models "
                    "with recipes"
                )
    for tuned, grid in ladder.tuning.grids.items() if ladder.tuning else ():
        if tuned not in study.models or tuned not in study.learned:
            known = sorted(name for name in study.models if name in study.learned)
            raise ValueError(f"ladder.tuning.grids names {tuned!r}; expected one of the models {known}")
        _check_grid(tuned, grid, study)
    for changed, (before, said, differ) in ladder_changes(ladder, study).items():
        if said != differ:
            raise ValueError(
                f"ladder: {changed!r} says that it changes {', '.join(said)} of {before!r}, but "
                f"{', '.join(differ) or 'nothing'} differs; expected the keys that differ"
            )


def ladder_changes(ladder: LadderBlock, study: Models) -> dict[str, tuple[str, list[str], list[str]]]:
    """Of each step of the ladder that changes another one: that step, the keys that it says it changes, and the
    keys of model and recipe that do differ, both sorted."""
    found = {}
    for step in ladder.steps:
        before = ladder.before(step)
        if before is not None and before in study.learned and step.name in study.learned:
            one, other = ((study.learned[name], study.recipe_of(name)) for name in (before, step.name))
            found[step.name] = (before, sorted(step.changes), differing(one, other))
    return found


def _check_grid(model: str, grid: GridBlock, study: Models) -> None:
    place = f"ladder.tuning.grids.{model}"
    shared = sorted(set(grid.seeds) & set(study.seeds))
    if shared:
        raise ValueError(
            f"{place}.seeds has {shared[0]}, which is a seed of the study; expected others, so that the choice is "
            "not made on them"
        )
    try:
        list(grid.points(study.recipe_of(model)))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
