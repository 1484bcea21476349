"""The ``ladder`` block: from the source study's recipe to a frugal one, one change per step."""

from typing import Self

from pydantic import Field, model_validator

from wattshed.config.block import Block


class LadderStep(Block):
    """One trained model or baseline, and what it changes relative to the step before."""

    name: str = Field(min_length=1, description="Name of one of the `models` or `baselines`.")
    caption: str = Field(
        min_length=1,
        max_length=120,
        description="What this step changes relative to the one before, in a few words.",
    )


class LadderBlock(Block):
    """Steps in their order, and the two opponents whose best validation errors are the targets."""

    steps: list[LadderStep] = Field(min_length=2, description="Steps, from the source study's recipe on.")
    reference: str = Field(description="Step whose least validation RMSE is the first target.")
    tuned: str | None = Field(
        default=None,
        description="Step whose least validation RMSE is the second target, such as the tuned recipe; empty means "
        "none.",
    )

    @model_validator(mode="after")
    def _opponents_are_steps(self) -> Self:
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
        return self

    @property
    def opponents(self) -> dict[str, str]:
        """``reference`` and, where there is one, ``tuned``: role to step."""
        return {"reference": self.reference} | ({} if self.tuned is None else {"tuned": self.tuned})
