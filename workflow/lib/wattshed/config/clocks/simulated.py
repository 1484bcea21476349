"""The ``clocks.simulated`` block: the laws of an invented GPU."""

from pydantic import Field, model_validator

from wattshed.config.block import Block


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
