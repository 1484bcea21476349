"""The ``clocks.governor`` block: how the clock follows the phases of a workload."""

from typing import Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block

PhaseName = Literal["compute", "memory", "balanced", "idle"]


class GovernorBlock(Block):
    rule: Literal["activity", "plan", "utilisation"] = Field(
        default="activity",
        description="How a window's phase is told. `activity`: SM, tensor and DRAM activity (DCGM); `plan`: the source "
        "plan's rule as it was written; `utilisation`: what NVML and nvidia-smi alone can say.",
    )
    window_s: float = Field(
        default=0.3, ge=0.05, le=600, description="Window whose medians tell the phase [s]."
    )
    hysteresis_windows: int = Field(
        default=3, ge=1, le=1000, description="Windows in a row that confirm a phase with a lower clock."
    )
    rise_windows: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Windows in a row that confirm a phase with a higher clock: fewer, because a clock that is too low "
        "costs time.",
    )
    dwell_s: float = Field(
        default=2.0, ge=0, le=3600, description="Shortest time between two changes of the clock [s]."
    )
    most_steps: int = Field(
        default=60,
        ge=1,
        le=1000,
        description="Largest change at once, in legal clocks (15 MHz on most GPUs).",
    )
    guard_share: float = Field(
        default=0.3,
        gt=0,
        lt=1,
        description="Drop of a phase's throughput below what the maximum clock gives, at which the maximum comes back.",
    )
    probe_windows: int = Field(
        default=4, ge=1, le=1000, description="Windows at the maximum clock that measure what it gives."
    )
    probe_every_s: float = Field(
        default=250.0,
        gt=0,
        le=86400,
        description="Age at which what the maximum gives is measured again [s].",
    )
    reserve_share: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Part of clocks.max_slowdown_share that is kept for errors of measurement.",
    )
    least_saving_share: float = Field(
        default=0.01,
        ge=0,
        lt=1,
        description="A phase whose clock saves less energy than this share stays at the maximum.",
    )
    change_s: float = Field(
        default=0.02, ge=0, le=60, description="Time that one change of the clock is taken to cost [s]."
    )
    mixes: int = Field(
        default=9, ge=1, le=10000, description="Simulated mixes of phases that the governor is tried on."
    )
    settings: dict[PhaseName, int] = Field(
        default={},
        description="Clock of each phase [MHz], for recordings and real GPUs; a phase without one runs at the maximum.",
    )
    period_s: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="Sampling period of a log without time stamps [s]; an assumption, and stated as one.",
    )

    @model_validator(mode="after")
    def _rises_are_not_slower_than_falls(self) -> "GovernorBlock":
        if self.rise_windows > self.hysteresis_windows:
            raise ValueError(
                f"rise_windows is {self.rise_windows} and hysteresis_windows {self.hysteresis_windows}: expected a "
                "rise of the clock to need at most as many windows as a fall; lower rise_windows"
            )
        if self.dwell_s and self.dwell_s < self.window_s:
            raise ValueError(
                f"dwell_s is {self.dwell_s:g} and window_s {self.window_s:g}: a dwell time shorter than a window has "
                "no effect; raise dwell_s or set it to 0"
            )
        return self
