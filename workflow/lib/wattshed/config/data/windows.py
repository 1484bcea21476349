"""The block ``data.windows``: what a model sees and what it forecasts, in hours or in steps of the panel."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from wattshed.config.block import Block
from wattshed.config.data.sources import StepMinutes
from wattshed.foundation.hours import DAY_H, HOUR_MINUTES, WEEK_H, steps_per_hour

LOOK_BACK_H, HORIZON_H = 24, 6
LEAST_LOOK_BACK_STEPS, LEAST_HORIZON_STEPS = 2, 1
# Only windows that a source cuts itself may be as long; see DataBlock for those of readings.
LONGEST_LOOK_BACK_H, LONGEST_HORIZON_H = 2000, WEEK_H

# Both may be left out; once the block is read, they are known.
Hours = Annotated[float, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})]
Steps = Annotated[int, WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "null"}]})]


def _later() -> Any:
    """Left out; the block fills it in once it knows the other keys."""
    return None


class WindowsBlock(Block):
    """Lengths of windows. A length is given in hours or in steps; afterwards both are known and agree."""

    look_back_h: Hours = Field(
        default_factory=_later,
        description="Hours that a model sees [h]; samples of a window where the source gives labelled windows. Empty "
        f"means what look_back_steps says, or {LOOK_BACK_H}.",
    )
    horizon_h: Hours = Field(
        default_factory=_later,
        description=f"Hours that it forecasts [h]. Empty means what horizon_steps says, or {HORIZON_H}.",
    )
    look_back_steps: Steps = Field(
        default_factory=_later, description="The look-back in steps of the panel, in place of look_back_h."
    )
    horizon_steps: Steps = Field(
        default_factory=_later, description="The horizon in steps of the panel, in place of horizon_h."
    )
    step_minutes: StepMinutes = Field(
        default=60, description="The panel's step [minutes]. The source decides it: leave it out."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {key: value for key, value in given.items() if value is not None or key == "step_minutes"}

    @model_validator(mode="after")
    def _both_units_agree(self) -> Self:
        for name, default_h, least, longest_h in (
            ("look_back", LOOK_BACK_H, LEAST_LOOK_BACK_STEPS, LONGEST_LOOK_BACK_H),
            ("horizon", HORIZON_H, LEAST_HORIZON_STEPS, LONGEST_HORIZON_H),
        ):
            steps = self._whole_steps(name, default_h)
            if not least <= steps <= longest_h * self.steps_per_hour:
                key = f"{name}_steps" if getattr(self, f"{name}_h") is None else f"{name}_h"
                raise ValueError(
                    f"{key} is {getattr(self, key):g}; expected {least} {'step' if least == 1 else 'steps'} of "
                    f"{self.step_minutes} minutes to {longest_h} h"
                )
            self.__dict__.update({f"{name}_steps": steps, f"{name}_h": self.hours(steps)})
        return self

    def _whole_steps(self, name: str, default_h: int) -> int:
        hours, steps = getattr(self, f"{name}_h"), getattr(self, f"{name}_steps")
        if hours is None:
            return default_h * self.steps_per_hour if steps is None else int(steps)
        exact = hours * self.steps_per_hour
        whole = round(exact)
        if abs(exact - whole) > 1e-6:
            raise ValueError(
                f"{name}_h is {hours:g} h, which is not a whole number of the panel's steps of {self.step_minutes} "
                f"minutes; expected a multiple of them, or {name}_steps in its place"
            )
        if steps is not None and steps != whole:
            raise ValueError(
                f"{name}_h is {hours:g}, which is {whole} steps of {self.step_minutes} minutes, and {name}_steps is "
                f"{steps}; expected one of the two keys, or the same length in both"
            )
        return whole

    @model_serializer(mode="wrap")
    def _as_it_is_written(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Whole hours as whole numbers; of an hourly panel, steps would only say the same again."""
        found: dict[str, Any] = written(self)
        for key in ("look_back_h", "horizon_h"):
            if key in found and found[key] == int(found[key]):
                found[key] = int(found[key])
        if self.step_minutes != HOUR_MINUTES:
            return found
        return {key: value for key, value in found.items() if key in ("look_back_h", "horizon_h")}

    @property
    def steps_per_hour(self) -> int:
        """Steps of the panel in an hour."""
        return steps_per_hour(self.step_minutes)

    @property
    def steps_per_day(self) -> int:
        """Steps of the panel in 24 hours."""
        return DAY_H * self.steps_per_hour

    @property
    def steps_per_week(self) -> int:
        """Steps of the panel in 168 hours."""
        return WEEK_H * self.steps_per_hour

    def hours(self, steps: int) -> float:
        """So many steps in hours; a whole number where they fill whole hours."""
        whole, rest = divmod(steps, self.steps_per_hour)
        return whole if rest == 0 else steps / self.steps_per_hour

    def with_look_back(self, steps: int) -> Self:
        """The same windows with another look-back, in steps."""
        return self.model_copy(update={"look_back_steps": steps, "look_back_h": self.hours(steps)})
