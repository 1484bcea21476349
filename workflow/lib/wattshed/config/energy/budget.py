"""The ``budget`` block: the most that a run and a study may cost, and what happens when they exceed it."""

from typing import Literal

from pydantic import Field

from wattshed.config.block import Block

LIMITS = ("run_kwh", "run_kg", "study_kwh", "study_kg")


class BudgetBlock(Block):
    """No limit by default. A training over a limit stops at the end of an epoch, with a complete checkpoint."""

    run_kwh: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Largest own energy of one training [kWh]."
    )
    run_kg: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Largest emissions of one training [kg CO2e]; needs a known place.",
    )
    study_kwh: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Largest energy of all measured jobs of the study together [kWh], killed ones included.",
    )
    study_kg: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Largest emissions of all measured jobs of the study together [kg CO2e]; needs a known place.",
    )
    forecast_after_epochs: int = Field(
        default=2,
        ge=1,
        description="After this many epochs, a training also stops if even the low end of the forecast of its "
        "final cost is over a limit.",
    )
    when_exceeded: Literal["stop", "ask"] = Field(
        default="stop",
        description="`stop`: at the epoch's end; `ask`: asks on the terminal, and stops if there is none.",
    )

    @property
    def any_limit(self) -> bool:
        return any(getattr(self, name) is not None for name in LIMITS)
