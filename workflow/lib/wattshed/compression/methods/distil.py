"""Distillation: a small network of any family learns from a larger one's forecasts beside the true values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from wattshed.compression.methods.protocol import Method, units_before
from wattshed.compression.methods.recurrent_sizes import size_of
from wattshed.compression.methods.student import StudentBlock
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock, check_windows
from wattshed.config.models.recipes import CLOSED_FORM, RecipeBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network

# A recipe's way of drawing batches that only networks with a state from hour to hour can take.
STATE = "sequences"
# What a teacher's block and its student's may differ in, and the student still cannot be smaller.
NOT_SHAPE = {"hidden", "recipe", "graph", "engine"}


class DistilSettings(VariantBlock):
    method: Literal["distil"] = Field(
        description="A network of its own learns from the checkpoint's forecasts and from the true values."
    )
    student: Annotated[ModelBlock, StudentBlock()] = Field(
        description="The student: its family as `form`, and that family's keys. Its graph is the teacher's."
    )
    recipe: RecipeBlock | None = Field(
        default=None,
        description="The student's training; empty means the teacher's recipe. The scaling is always the teacher's.",
    )
    output_weight: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight of the loss against the teacher's forecasts; the loss against true values has the rest. "
        "With 0 here and in `hidden_weight`, the same network learns without a teacher: the control.",
    )
    hidden_weight: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="Weight of the squared distance between the teacher's hidden state and a linear map of the "
        "student's, which is learned along and thrown away.",
    )

    @model_validator(mode="after")
    def _student_can_learn(self) -> Self:
        form = self.student.form
        samplings = plugins.load("family", form).samplings
        if not samplings:
            raise ValueError(
                f"student.form is {form!r}, which is solved in closed form and cannot learn from a teacher; expected a "
                "family that is trained by gradients, such as gru"
            )
        if self.recipe is not None:
            _refuse_sampling(form, self.recipe)
        if self.hidden_weight and STATE not in samplings:
            raise ValueError(_without_state(self.hidden_weight, "student", form))
        return self


class Distil(Method):
    Settings = DistilSettings
    asks = frozenset[Offer]()
    # What every student offers; its family offers more (see becomes).
    keeps = frozenset({Offer.UPDATES})
    learns = True

    def make_from(self, making: Making, settings: DistilSettings) -> Network:
        """The student, trained from its own initial weights by its recipe.

        Its loss is (1 - output_weight) L(true values) + output_weight L(teacher's forecasts)
        + hidden_weight mean (P h - t)^2, with the recipe's loss L, hidden states h of the student and t of the teacher,
        and a learned map P.
        Sources: Hinton et al. 2015; for regression Chen et al. 2017; for hidden states Romero et al. 2015.
        Raises :class:`Fault` if the student is not smaller than its teacher, and if the recipe does not suit it.
        """
        from wattshed.compression.methods.distilling import Weights, distil

        try:
            recipe = self.recipe_after(settings, making.spec.recipe)
        except ValueError as error:
            raise Fault(f"{making.spec.parent} cannot be distilled: {error}.") from error
        place = (making.task.windows, making.adjacency, making.spec.seed)
        student = self.skeleton_on(making.network, settings, *place)
        sizes = student.parameter_count(), making.network.parameter_count()
        if sizes[0] >= sizes[1]:
            raise Fault(
                f"the student of {making.spec.parent} has {sizes[0]:,} weights and its teacher {sizes[1]:,}: expected "
                "a smaller student; choose a smaller hidden or another form."
            )
        of_student = replace(making, spec=replace(making.spec, recipe=recipe))
        done = distil(of_student, student, Weights(settings.output_weight, settings.hidden_weight))
        making.notes.update(
            steps=done.steps,
            epochs=done.epochs,
            first_train_loss=done.train_losses[0],
            train_loss=done.train_losses[-1],
        )
        return student

    def skeleton_on(
        self,
        network: Network,
        settings: DistilSettings,
        windows: WindowsBlock,
        adjacency: sp.csr_array,
        seed: int,
    ) -> Network:
        from wattshed.forecast.families.family import make_network

        made = make_network(settings.student, windows, adjacency, seed)
        first = next(network.parameters(), None)
        return made if first is None else made.to(first.device)

    def check(self, settings: DistilSettings, model: ModelBlock, earlier: Sequence[Any]) -> None:
        student = settings.student
        if settings.hidden_weight and STATE not in plugins.load("family", model.form).samplings:
            raise ValueError(_without_state(settings.hidden_weight, "teacher", model.form))
        units, hidden = units_before(model, earlier), getattr(student, "hidden", None)
        if units is None or hidden is None or hidden < units:
            return
        if model.model_dump(exclude=NOT_SHAPE) == student.model_dump(exclude=NOT_SHAPE):
            raise ValueError(
                f"student.hidden is {hidden}; expected less than the {units} units of its teacher, so that the student "
                "is smaller"
            )

    def check_sizes(
        self,
        settings: DistilSettings,
        model: ModelBlock,
        earlier: Sequence[Any],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        check_windows(settings.student, windows)
        student = size_of(settings.student, [], windows)
        teacher = size_of(model, earlier, windows)
        if student is not None and teacher is not None and student.is_at_least(teacher):
            raise ValueError(
                f"the student has {student} weights and its teacher {teacher}; expected a smaller student: choose "
                "fewer hidden units or channels, or another form"
            )

    def is_control(self, settings: DistilSettings) -> bool:
        return not settings.output_weight and not settings.hidden_weight

    def uses_checkpoint(self, settings: DistilSettings) -> bool:
        # A student that learns nothing from its teacher is trained as if there were none.
        return not self.is_control(settings)

    def becomes(self, settings: DistilSettings) -> ModelBlock:
        return settings.student

    def recipe_after(self, settings: DistilSettings, recipe: RecipeBlock) -> RecipeBlock:
        if settings.recipe is not None:
            return settings.recipe.model_copy(update={"scaling": recipe.scaling})
        if recipe == CLOSED_FORM:
            raise ValueError(
                "the teacher is solved in closed form and has no recipe to train a student by; expected the key recipe "
                "in the variant"
            )
        _refuse_sampling(settings.student.form, recipe, "; or give the variant a recipe of its own")
        return recipe


def _refuse_sampling(form: str, recipe: RecipeBlock, advice: str = "") -> None:
    samplings = plugins.load("family", form).samplings
    if recipe.sampling not in samplings:
        raise ValueError(
            f"the student has the form {form}, which is trained on {' or '.join(samplings)}, but its recipe samples "
            f"{recipe.sampling}; expected another form{advice}"
        )


def _without_state(weight: float, who: str, form: str) -> str:
    return f"hidden_weight is {weight:g}, but the {who}'s family {form} carries no state from hour to hour; expected 0"


METHOD = Distil()
