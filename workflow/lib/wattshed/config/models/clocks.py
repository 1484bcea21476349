"""The ``clocks`` block: where, how often and how long the clock sweep measures, and the slowdown that it may
accept."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginName


class SimulatedBlock(Block):
    """Laws of an invented GPU: P(f) = p0 + p1 (f/fmax)^k and T(f) = T(fmax) (c fmax/f + 1 - c)."""

    gpu: str = Field(
        default="simulated A100-like",
        pattern=r"simulated",
        description="Name of the GPU; contains `simulated`.",
    )
    minimum_mhz: int = Field(default=510, ge=100, le=5000, description="Lowest SM clock [MHz].")
    maximum_mhz: int = Field(default=1410, ge=100, le=5000, description="Highest SM clock [MHz].")
    step_mhz: int = Field(default=15, ge=1, le=500, description="Step between supported clocks [MHz].")
    p0_w: float = Field(
        default=90.0, ge=0, le=2000, description="Power that does not depend on the clock [W]."
    )
    p1_w: float = Field(default=210.0, gt=0, le=2000, description="Power that the clock adds at fmax [W].")
    exponent: float = Field(
        default=2.5, ge=1, le=5, description="k of the power law; 1.25 to 3.5 were fitted to real GPUs."
    )
    compute_share: float = Field(
        default=0.6, ge=0, le=1, description="c: share of the time at fmax that depends on the clock."
    )
    call_s: float = Field(
        default=0.01, gt=0, le=600, description="Time of one call at the highest clock [s]."
    )
    noise_cv: float = Field(
        default=0.02, ge=0, le=0.5, description="Coefficient of variation of time and of power, each."
    )
    counter_quantum_s: float = Field(
        default=0.1, ge=0, le=5, description="Period of the energy counter [s]; 0 means continuous."
    )

    @model_validator(mode="after")
    def _clocks_are_legal(self) -> "SimulatedBlock":
        span = self.maximum_mhz - self.minimum_mhz
        if span <= 0 or span % self.step_mhz:
            raise ValueError(
                f"clocks from {self.minimum_mhz} to {self.maximum_mhz} MHz in steps of {self.step_mhz}; "
                "expected a maximum that is a whole number of steps above the minimum"
            )
        return self


class ReplayBlock(Block):
    path: str = Field(description="CSV of recorded runs: gpu, workload, run, rep, freq_mhz, time_s, power_w.")
    gpu: str = Field(description="Value of the column gpu to replay.")
    workload: str = Field(description="Value of the column workload to replay.")


class NvmlBlock(Block):
    gpu_index: int = Field(default=0, ge=0, le=255, description="NVML's index of the GPU.")
    settle_s: float = Field(
        default=0.5, ge=0, le=60, description="Wait after a clock is locked, before the window opens [s]."
    )


class ClocksBlock(Block):
    backend: Annotated[str, PluginName("clock_backend")] = Field(
        default="simulated",
        description="`simulated`: a simulated GPU; `replay`: a recorded sweep; `nvml`: the real GPU; or a plug-in of "
        "the study.",
    )
    settings: dict[str, Any] = Field(
        default={},
        description="Settings of a back end that the study brings itself; the built-in ones have blocks "
        "of their own names.",
    )
    points: int = Field(
        default=12, ge=2, le=200, description="Number of clocks, from the lowest to the highest."
    )
    repeats: int = Field(
        default=5, ge=1, le=100, description="Warm repeats per clock; a choice needs at least 3."
    )
    warm_up_repeats: int = Field(
        default=1,
        ge=0,
        le=20,
        description="Cold repeats at the maximum clock; they are recorded but not used.",
    )
    min_point_s: float = Field(default=5.0, gt=0, le=600, description="Shortest window of one repeat [s].")
    max_slowdown_share: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Largest accepted slowdown relative to the maximum clock, as a share.",
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of the order, the simulated noise and the bootstrap."
    )
    simulated: SimulatedBlock = Field(default_factory=SimulatedBlock, description="The simulated GPU.")
    replay: ReplayBlock | None = Field(default=None, description="The recorded sweep; needed by replay.")
    nvml: NvmlBlock = Field(default_factory=NvmlBlock, description="The real GPU.")

    @model_validator(mode="after")
    def _replay_has_a_file(self) -> "ClocksBlock":
        if self.backend == "replay" and self.replay is None:
            raise ValueError("backend is replay, but the block replay (path, gpu, workload) is missing")
        return self
