"""The ``data`` block: source, windows and calendar splits."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from wattshed.config.block import Block
from wattshed.config.data.sources import Source, SourceBlock, step_minutes_of
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.plugin_block import read_block
from wattshed.foundation import plugins

# Readings repeat by days and weeks; only windows that a source cuts itself are longer.
LONGEST_READINGS_H = 24 * 14


class SplitsBlock(Block):
    """Shares of the panel's span, cut once for all nodes at calendar times."""

    train_share: float = Field(default=0.6, gt=0, lt=1, description="First part: models are fitted on it.")
    validation_share: float = Field(
        default=0.1, gt=0, lt=1, description="Second part: early stopping and selection."
    )
    test_share: float = Field(
        default=0.1, gt=0, lt=1, description="Third part: every reported error of base models."
    )
    held_out_share: float = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="Last share of each month of the stream that is held out, never learned. The stream "
        "is what the other shares leave.",
    )
    test_windows: int = Field(
        default=2000,
        ge=1,
        description="Largest number of test windows, evenly spaced, that are forecast and scored.",
    )
    minimum_month_days: int = Field(
        default=7,
        ge=2,
        description="A first or last partial month shorter than this [days] is merged with its neighbour.",
    )

    @model_validator(mode="after")
    def _stream_is_left(self) -> "SplitsBlock":
        used = self.train_share + self.validation_share + self.test_share
        if used > 0.95:
            raise ValueError(
                f"train, validation and test take {used:.2f} of the span; expected at most 0.95, so that "
                "later months are left to fine-tune on"
            )
        return self


def _homes() -> SourceBlock:
    homes: SourceBlock = read_block("source", "kind", {"kind": "homes"})
    return homes


class DataBlock(Block):
    source: Source = Field(default_factory=_homes, description="Where the panel comes from.")
    windows: WindowsBlock = Field(
        default_factory=lambda given: WindowsBlock.model_validate(_at_step_of(given.get("source"), {})),
        description="Look-back and horizon.",
    )
    splits: SplitsBlock = Field(default_factory=SplitsBlock, description="Calendar splits.")
    suspect_near_zero_share: float = Field(
        default=0.3,
        gt=0,
        le=1,
        description="From this share of training hours near zero on, a node is suspect, such as a meter of solar "
        "generation. Errors are also shown without suspect nodes; no model and no other error changes.",
    )

    @field_validator("windows", mode="before")
    @classmethod
    def _windows_follow_the_step(cls, given: Any, info: ValidationInfo) -> Any:
        return _at_step_of(info.data.get("source"), given)

    @model_validator(mode="after")
    def _windows_fit_the_source(self) -> "DataBlock":
        kind, windows, step = self.source.kind, self.windows, step_minutes_of(self.source)
        if windows.step_minutes != step:
            raise ValueError(
                f"windows.step_minutes is {windows.step_minutes} and the panel of the source {kind} has a step of "
                f"{step} minutes; expected the source's step: leave windows.step_minutes out"
            )
        labelled = getattr(plugins.load("source", kind), "labelled", False)
        if labelled and windows.horizon_steps != 1:
            raise ValueError(
                f"windows.horizon_h is {windows.horizon_h:g} and the source {kind} gives labelled windows; expected "
                "1, since a window has one class"
            )
        if not labelled and windows.look_back_steps > LONGEST_READINGS_H * windows.steps_per_hour:
            raise ValueError(
                f"windows.look_back_h is {windows.look_back_h:g}; expected at most {LONGEST_READINGS_H} h of a panel "
                "of readings"
            )
        return self


def _at_step_of(source: SourceBlock | None, windows: Any) -> Any:
    """The windows as they were given, with the source's step where they do not say one."""
    if source is None or not isinstance(windows, Mapping):
        return windows
    return {"step_minutes": step_minutes_of(source), **windows}
