"""What may spoil a simulated sweep: heat, a cold start, drift, coarse time stamps, a clock that does not obey."""

from pydantic import Field

from wattshed.config.block import Block


class HeatBlock(Block):
    """A GPU that warms up: temperature = ambient + resistance x power, reached with a time constant.

    Off while the resistance is 0; then no temperature is reported.
    """

    resistance_k_per_w: float = Field(
        default=0.0, ge=0, le=2, description="Warming per watt [K/W]; a large GPU has about 0.1. 0: no heat."
    )
    ambient_c: float = Field(default=30.0, ge=-20, le=60, description="Temperature without power [deg C].")
    time_constant_s: float = Field(
        default=60.0, gt=0, le=3600, description="Time after which 63 % of a warming has happened [s]."
    )
    leakage_per_k: float = Field(
        default=0.0,
        ge=0,
        le=0.05,
        description="Growth of the power p0 per kelvin above the temperature of the laws, as a share.",
    )
    laws_at_c: float = Field(
        default=60.0, ge=0, le=100, description="Temperature at which the laws of power hold [deg C]."
    )
    throttle_c: float = Field(
        default=200.0, ge=40, le=200, description="Temperature above which the GPU lowers its clock [deg C]."
    )


class FaultsBlock(Block):
    """Faults of a measurement; all are off by default."""

    cold_factor: float = Field(
        default=1.0, ge=1, le=100, description="The first window is slower by this factor; 1: it is not."
    )
    cold_windows: float = Field(
        default=1.0, gt=0, le=100, description="Windows after which 63 % of that slowness is over."
    )
    drift_share_per_h: float = Field(
        default=0.0,
        ge=-0.9,
        le=100,
        description="Growth of the time of a call per hour of the sweep, as a share, such as from a busy host.",
    )
    time_quantum_s: float = Field(
        default=0.0, ge=0, le=60, description="Step of the time stamps [s]; 1: whole seconds. 0: continuous."
    )
    stuck_mhz: int | None = Field(
        default=None, ge=100, le=5000, description="The clock that somebody locked; no other is obeyed [MHz]."
    )
    reads_applied: bool = Field(
        default=True, description="Whether the clock that was really applied is read and reported."
    )
