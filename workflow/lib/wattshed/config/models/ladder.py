"""The ``ladder`` block: from the source study's recipe to a frugal one, one change per step."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.models.tuning import GridBlock
from wattshed.config.plugin_block import PluginBlock

Model = Annotated[ModelBlock, PluginBlock("family", "form")]
NAIVE = ("persistence", "seasonal_24h", "seasonal_168h", "climatology")


class RecordedBlock(Block):
    """A training that takes too long to repeat: it was run once, and its checks are kept in a file."""

    path: str = Field(
        description="The record, below the checkout; `benchmarks/record_training.py` writes it."
    )
    model: Model = Field(description="The model that was trained, as in `models`.")


class LadderStep(Block):
    """One trained model or baseline, and what it changes relative to an earlier step."""

    name: str = Field(
        min_length=1, description="Name of one of the `models` or `baselines`, or of the record."
    )
    caption: str = Field(min_length=1, max_length=120, description="What this step changes, in a few words.")
    after: str | None = Field(
        default=None, description="Step that it changes; empty means the one before, if there are `changes`."
    )
    changes: list[str] = Field(
        default=[],
        description="Keys of model and recipe that differ from that step's; empty for the first step and for opponents "
        "of another kind.",
    )
    together: str = Field(
        default="",
        max_length=160,
        description="Why several keys change at once; needed if there are several.",
    )
    recorded: RecordedBlock | None = Field(
        default=None,
        description="A record in place of a training; empty means that the step is trained or fitted.",
    )

    @model_validator(mode="after")
    def _several_changes_have_a_reason(self) -> Self:
        if len(self.changes) > 1 and not self.together:
            raise ValueError(
                f"{self.name!r} changes {', '.join(self.changes)}; expected one key, or the key `together` with the "
                "reason"
            )
        if self.after and not self.changes:
            raise ValueError(
                f"{self.name!r} comes after {self.after!r} but has no `changes`; expected the keys"
            )
        return self


class PartBlock(Block):
    """A part of the lead: what one group of changes saves, between two steps."""

    name: str = Field(min_length=1, max_length=60, description="The part, such as `kernel`.")
    slow: str = Field(description="The step without it.")
    quick: str = Field(description="The step with it.")


class TuningGrids(Block):
    """Which recipes were tuned, and where the outcome is kept."""

    record: str = Field(description="The record, below the checkout; `benchmarks/tune.py` writes it.")
    grids: dict[str, GridBlock] = Field(min_length=1, description="Model to its grid.")


class LadderBlock(Block):
    """Steps in their order, the opponents, and the errors at which energies are compared."""

    steps: list[LadderStep] = Field(min_length=2, description="Steps, from the source study's recipe on.")
    reference: str = Field(
        description="Step of the source study's recipe; its least validation RMSE is a target."
    )
    tuned: str | None = Field(
        default=None,
        description="Step of the tuned recipe, against which ratios are given; its least validation RMSE is a target. "
        "Empty means none: ratios are then against the reference.",
    )
    naive: list[str] = Field(
        default=list(NAIVE),
        min_length=1,
        description="Baselines without any learning; the best of them ends the useful range of errors.",
    )
    targets: list[str] = Field(
        default=[],
        description="Further steps whose least validation RMSE is a target, such as `ridge_graph`.",
    )
    parts: list[PartBlock] = Field(default=[], description="Parts of the lead, each on a line of its own.")
    tuning: TuningGrids | None = Field(default=None, description="The grids on which recipes were tuned.")

    @model_validator(mode="after")
    def _names_are_steps(self) -> Self:
        names = [step.name for step in self.steps]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"steps names {twice[0]!r} twice; expected each step once")
        for role, name in self.opponents.items():
            if name not in names:
                raise ValueError(f"{role} is {name!r}; expected one of the steps {names}")
        if self.tuned == self.reference:
            raise ValueError(
                f"tuned is {self.tuned!r}, the reference itself; expected another step or nothing"
            )
        for part in self.parts:
            if part.slow == part.quick:
                raise ValueError(
                    f"parts: {part.name!r} goes from {part.slow!r} to itself; expected two steps"
                )
        doubled = [name for name in self.targets if self.targets.count(name) > 1]
        if doubled:
            raise ValueError(f"targets names {doubled[0]!r} twice; expected each step once")
        for name in self.naive:
            if name not in NAIVE:
                raise ValueError(f"naive names {name!r}; expected some of {', '.join(NAIVE)}")
        ends = [name for part in self.parts for name in (part.slow, part.quick)]
        for key, found in (("targets", self.targets), ("parts", ends)):
            for name in found:
                if name not in names:
                    raise ValueError(f"{key} names {name!r}; expected one of the steps {names}")
        for place, step in enumerate(self.steps):
            if step.changes and self.before(step) is None:
                raise ValueError(
                    f"steps.{place} changes the step {step.after or '(none)'!r}; expected one of the steps above it"
                )
        return self

    @property
    def opponents(self) -> dict[str, str]:
        """``reference`` and, where there is one, ``tuned``: role to step."""
        return {"reference": self.reference} | ({} if self.tuned is None else {"tuned": self.tuned})

    @property
    def recorded(self) -> dict[str, RecordedBlock]:
        """The recorded steps, by name."""
        return {step.name: step.recorded for step in self.steps if step.recorded is not None}

    @property
    def named(self) -> list[str]:
        """The steps that figure and table name: opponents, targets and ends of parts; all but the naive baselines where
        the ladder has neither targets nor parts."""
        ends = [end for part in self.parts for end in (part.slow, part.quick)]
        further = [*self.targets, *ends] or [step.name for step in self.steps if step.name not in self.naive]
        return list(dict.fromkeys([*self.opponents.values(), *further]))

    def before(self, step: LadderStep) -> str | None:
        """The step that a step changes; None if it changes none, or none that is above it."""
        above = [other.name for other in self.steps[: self.steps.index(step)]]
        if not step.changes or not above:
            return None
        if step.after is None:
            return above[-1]
        return step.after if step.after in above else None


def differing(one: tuple[ModelBlock, RecipeBlock], other: tuple[ModelBlock, RecipeBlock]) -> list[str]:
    """Keys in which two models with their recipes differ, sorted.

    Settings that only one family has count as its ``form``, and so do settings whose defaults differ between the two
    families, if both models leave them so.
    """
    left, right = (_settings(*pair) for pair in (one, other))
    return sorted(
        key
        for key in left.keys() & right.keys()
        if left[key] != right[key] and not _left_alone(key, one[0], other[0])
    )


def _left_alone(key: str, *models: ModelBlock) -> bool:
    """Whether every model has its family's default of this key."""
    if key == "form":
        return False
    fields = [type(model).model_fields.get(key) for model in models]
    return all(
        field is not None and getattr(model, key) == field.default
        for field, model in zip(fields, models, strict=True)
    )


def _settings(model: ModelBlock, recipe: RecipeBlock) -> dict[str, Any]:
    return {**recipe.model_dump(mode="json"), **model.model_dump(mode="json", exclude={"recipe"})}
