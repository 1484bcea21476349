"""The ``clocks.simulated`` block: an invented GPU, its workloads and its faults."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from wattshed.config.clocks.simulated_faults import FaultsBlock, HeatBlock
from wattshed.config.clocks.simulated_laws import LawsBlock, WorkloadBlock

# Training computes more per byte than inference. Laws of a name that a study does not give stay as here.
SHIPPED: dict[str, WorkloadBlock] = {
    "inference": WorkloadBlock(),
    "training": WorkloadBlock(compute_share=0.85, p1_w=240.0, call_s=0.03),
}


class SimulatedBlock(LawsBlock):
    """An invented GPU. Its own laws are those of every workload that has no others."""

    gpu: str = Field(
        default="simulated A100-like",
        pattern=r"simulated",
        description="Name of the GPU; contains `simulated`.",
    )
    knob: Literal["clock", "power_limit"] = Field(
        default="clock",
        description="What the sweep turns; under a power limit the GPU takes the largest clock that keeps it.",
    )
    minimum_mhz: int = Field(default=510, ge=100, le=5000, description="Lowest SM clock [MHz].")
    maximum_mhz: int = Field(default=1410, ge=100, le=5000, description="Highest SM clock [MHz].")
    step_mhz: int = Field(default=15, ge=1, le=500, description="Step between supported clocks [MHz].")
    lowest_limit_w: int = Field(default=100, ge=10, le=2000, description="Lowest power limit [W].")
    highest_limit_w: int = Field(default=400, ge=10, le=2000, description="Highest power limit [W].")
    limit_step_w: int = Field(default=25, ge=1, le=500, description="Step between power limits [W].")
    workloads: dict[str, WorkloadBlock] = Field(
        default=SHIPPED,
        description="Laws per workload (`inference`, `training`, or a name of the study's own); "
        "those that are left out keep the shipped ones.",
    )
    noise_cv: float = Field(
        default=0.02, ge=0, le=0.5, description="Coefficient of variation of time and of power, each."
    )
    counter_quantum_s: float = Field(
        default=0.1, ge=0, le=5, description="Period of the energy counter [s]; 0 means continuous."
    )
    heat: HeatBlock = Field(default_factory=HeatBlock, description="Temperature, leakage and throttling.")
    faults: FaultsBlock = Field(default_factory=FaultsBlock, description="What spoils the measurement.")

    @field_validator("workloads", mode="after")
    @classmethod
    def _shipped_ones_stay(cls, given: dict[str, WorkloadBlock]) -> dict[str, WorkloadBlock]:
        return SHIPPED | given

    @model_validator(mode="after")
    def _settings_are_legal(self) -> "SimulatedBlock":
        for what, unit, lowest, highest, step in (
            ("clocks", "MHz", self.minimum_mhz, self.maximum_mhz, self.step_mhz),
            ("power limits", "W", self.lowest_limit_w, self.highest_limit_w, self.limit_step_w),
        ):
            if highest <= lowest or (highest - lowest) % step:
                raise ValueError(
                    f"{what} from {lowest} to {highest} {unit} in steps of {step}; "
                    "expected a maximum that is a whole number of steps above the minimum"
                )
        return self

    @model_validator(mode="after")
    def _stuck_clock_exists(self) -> "SimulatedBlock":
        stuck = self.faults.stuck_mhz
        if stuck is not None and stuck not in range(self.minimum_mhz, self.maximum_mhz + 1, self.step_mhz):
            raise ValueError(
                f"faults.stuck_mhz is {stuck}; expected one of the clocks from {self.minimum_mhz} to "
                f"{self.maximum_mhz} MHz in steps of {self.step_mhz}"
            )
        return self

    def laws(self, workload: str = "") -> LawsBlock:
        """The laws of a workload: its own where it has them, else the GPU's."""
        own: dict[str, Any] = {name: getattr(self, name) for name in LawsBlock.model_fields}
        if workload in self.workloads:
            own |= self.workloads[workload].model_dump(exclude_none=True)
        return LawsBlock(**own)
