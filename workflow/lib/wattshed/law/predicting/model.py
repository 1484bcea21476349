"""What a model of a study is predicted to cost, before anything runs. Imports neither torch nor pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.law.operations.training import training_step
from wattshed.law.predicting.counted import counted
from wattshed.law.predicting.plan import PanelSizes, TrainingPlan, plan_of
from wattshed.law.predicting.prediction import Cost, Prediction
from wattshed.law.predicting.step import predict_pass, predict_step

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.operations.forward import BatchSizes, ForwardPass
    from wattshed.law.operations.operation import Operation
    from wattshed.law.profile.device_profile import DeviceProfile

JOULES_PER_KWH = 3.6e6


def predict_model(study: Study, name: str, panel: PanelSizes, profile: DeviceProfile) -> Prediction:
    """Cost of a step, an epoch and a training of one seed [s, J], with 90 % intervals.

    Raises :class:`Fault` for an unknown model, for a family that counts no operations, for an operation without a law,
    and for a recipe that the laws do not hold for.
    """
    plan = _plan(study, name, panel, profile)
    step = predict_step(_step_operations(study, name, plan), profile)
    look = predict_pass(_look_operations(study, name, plan), profile)
    solved = _fit_operations(study, name, plan)
    closed_form = predict_pass(solved, profile) if solved else None
    if plan.epochs == 0 and closed_form is None:
        raise _no_law(study, name)
    epoch = _sum(step.times(plan.steps_per_epoch), look)
    training = epoch.times(plan.epochs)
    if closed_form is not None:
        training = _sum(training, closed_form)
    return Prediction(
        name,
        step,
        epoch,
        training,
        closed_form,
        plan.steps_per_epoch,
        plan.epochs,
        mass_g_per_j(study),
    )


def step_operations(
    study: Study, name: str, panel: PanelSizes, profile: DeviceProfile
) -> tuple[Operation, ...]:
    """All operations of one training step; none for a model that is solved in closed form. Raises as above."""
    return _step_operations(study, name, _plan(study, name, panel, profile))


def mass_g_per_j(study: Study) -> float | None:
    """Grams of CO2e per joule by the yearly mix of the machine's place; None where the place is unknown."""
    from wattshed.config.energy.places import UNKNOWN
    from wattshed.energy.carbon.carbon import Location, yearly_intensity

    country = study.energy.country_iso
    if country == UNKNOWN:
        return None
    found = yearly_intensity(Location(country, study.energy.region)).kg_per_kwh
    return None if found is None else found * 1000 / JOULES_PER_KWH


def _plan(study: Study, name: str, panel: PanelSizes, profile: DeviceProfile) -> TrainingPlan:
    engine = "torch" if study.engine == "torch" else profile.device.engine
    try:
        return plan_of(study, name, panel, engine)
    except ValueError as error:
        raise Fault(f"models.{name} cannot be counted: {error}.") from error


def _step_operations(study: Study, name: str, plan: TrainingPlan) -> tuple[Operation, ...]:
    if plan.batch is None:
        return ()
    forward = _forward(study, name, plan.batch)
    return training_step(forward, study.recipe_of(name), plan.batch)


def _look_operations(study: Study, name: str, plan: TrainingPlan) -> tuple[Operation, ...]:
    if plan.look is None:
        return ()
    return _forward(study, name, plan.look).repeated(plan.look.passes).operations


def _forward(study: Study, name: str, sizes: BatchSizes) -> ForwardPass:
    found: ForwardPass | None = counted(study, name, "count", sizes)
    if found is None:
        raise _no_law(study, name)
    return found


def _fit_operations(study: Study, name: str, plan: TrainingPlan) -> tuple[Operation, ...]:
    return counted(study, name, "count_fit", plan.fit) or ()


def _no_law(study: Study, name: str) -> Fault:
    form = study.trained[name].form
    return Fault(
        f"no law for models.{name}: its family {form} does not count its operations; give the plug-in a "
        "function count, or measure this training in place of predicting it."
    )


def _sum(first: Cost, second: Cost) -> Cost:
    """Errors of parts of one training are taken as the same error: ends are added."""
    return Cost(*(getattr(first, one) + getattr(second, one) for one in Cost.__dataclass_fields__))
