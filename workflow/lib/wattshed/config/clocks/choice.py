"""The ``clocks.choice`` block: by which rule and under which limits a setting is chosen."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginName

MetricName = Literal[
    "energy",
    "edp",
    "ed2p",
    "response_time",
    "throughput_per_watt",
    "user_experience",
    "energy_per_task",
    "inference_efficiency",
]
Share = Annotated[float, Field(gt=0, le=1)]


class WeightsBlock(Block):
    energy: float = Field(default=0.5, ge=0, le=1, description="Weight of the energy over the maximum's.")
    time: float = Field(default=0.5, ge=0, le=1, description="Weight of the time over the maximum's.")

    @model_validator(mode="after")
    def _sum_is_one(self) -> "WeightsBlock":
        if abs(self.energy + self.time - 1) > 1e-9:
            raise ValueError(f"energy and time add up to {self.energy + self.time:g}; expected 1")
        return self


class EpsilonBlock(Block):
    """Bound of the rule ``epsilon``; exactly one of the two."""

    most_energy_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Least time among the settings whose energy is at most this share of the maximum's.",
    )
    most_time_share: float | None = Field(
        default=None,
        ge=1,
        le=10,
        description="Least energy among the settings whose time is at most this share of the maximum's.",
    )

    @model_validator(mode="after")
    def _one_bound(self) -> "EpsilonBlock":
        if (self.most_energy_share is None) == (self.most_time_share is None):
            raise ValueError("expected most_energy_share or most_time_share, one of them")
        return self


class ConstraintBlock(Block):
    """Limits of one workload; what is left out is as in the blocks around it."""

    max_slowdown_share: float | None = Field(
        default=None, ge=0, lt=1, description="Largest accepted slowdown, as a share."
    )
    lowest_share: Share | None = Field(
        default=None, description="Lowest setting that may be chosen, as a share of the maximum."
    )
    metric: MetricName | None = Field(
        default=None, description="What the rule `metric` chooses this workload's setting by."
    )


class ChoiceBlock(Block):
    rule: Annotated[str, PluginName("clock_rule")] = Field(
        default="least_energy",
        description="Which setting is chosen among those that keep the limits; the other rules' picks are "
        "reported beside it. `least_energy`, `energy`, `edp`, `ed2p`, `lowest`, `weighted`, `knee`, `epsilon`, "
        "`pareto` (the front, and its knee), `metric`; or a plug-in of the study.",
    )
    metric: MetricName = Field(default="energy", description="What the rule `metric` chooses by.")
    relative_to: Literal["maximum", "fastest"] = Field(
        default="maximum",
        description="What a slowdown is limited against: the warm `maximum`, or the `fastest` setting.",
    )
    lowest_share: Share | None = Field(
        default=None,
        description="Lowest setting that may be chosen, as a share of the maximum; `0.7` for the plan's band.",
    )
    highest_share: Share | None = Field(
        default=None, description="Highest setting that may be chosen below the maximum, as a share of it."
    )
    least_saving_share: Share | None = Field(
        default=None,
        description="Saving that must be shown, or the maximum is kept; the plan wants `0.2`, which few sweeps reach.",
    )
    must_be_stable: bool = Field(
        default=False,
        description="Both neighbours of the chosen setting in the sweep must keep the slowdown limit too.",
    )
    weights: WeightsBlock = Field(default_factory=WeightsBlock, description="Weights of the rule `weighted`.")
    epsilon: EpsilonBlock = Field(
        default_factory=lambda: EpsilonBlock(most_energy_share=0.9),
        description="Bound of the rule `epsilon`.",
    )
    constraints: Literal["none", "plan"] | dict[str, ConstraintBlock] = Field(
        default="none",
        description="Limits per workload: `none`; `plan`, the plan's table; or entries by the workload's name, of "
        "which `default` holds for all others.",
    )

    @model_validator(mode="after")
    def _band_is_open(self) -> "ChoiceBlock":
        highest = 1.0 if self.highest_share is None else self.highest_share
        lowest = [("lowest_share", self.lowest_share)]
        if isinstance(self.constraints, dict):
            lowest += [
                (f"constraints.{name}.lowest_share", one.lowest_share)
                for name, one in self.constraints.items()
            ]
        for key, share in lowest:
            if share is not None and share > highest:
                raise ValueError(f"{key} is {share:g}, above highest_share {highest:g}; expected it below")
        return self

    @model_validator(mode="after")
    def _keys_are_used(self) -> "ChoiceBlock":
        """Keys of a rule that is not the configured one shape only its pick beside it, so they may be given; a
        metric that nothing chooses by is a mistake."""
        if self.metric != "energy" and self.rule != "metric":
            raise ValueError(f"metric is {self.metric}, but rule is {self.rule}; expected rule: metric")
        if self.constraints == "plan" and self.lowest_share is not None:
            raise ValueError("constraints is plan, which has its own lowest_share; remove one of them")
        return self
