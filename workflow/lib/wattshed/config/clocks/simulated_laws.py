"""The laws of an invented GPU's workload: how its time and power depend on the clock."""

from pydantic import Field

from wattshed.config.block import Block


class LawsBlock(Block):
    """P(f) = p0 + p1 (f/fmax)^k and T(f) = T(fmax) (c fmax/f + (1 - c) m(f)) on the GPU, beside time on the host.

    m is 1 above the knee and (knee/f)^steepness below it. A knee of 0.68, a steepness of 1.625 and c = 0.21 give the
    published times of BlackScholes on a V100 within 1 %.
    """

    p0_w: float = Field(
        default=90.0, ge=0, le=2000, description="Power that does not depend on the clock [W]."
    )
    p1_w: float = Field(default=210.0, gt=0, le=2000, description="Power that the clock adds at fmax [W].")
    exponent: float = Field(
        default=2.5, ge=1, le=5, description="k of the power law; 1.25 to 3.5 were fitted to real GPUs."
    )
    voltage_floor_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of fmax below which the voltage does not fall, so that power falls only linearly; 0: none.",
    )
    compute_share: float = Field(
        default=0.6, ge=0, le=1, description="c: share of the time at fmax that depends on the clock."
    )
    knee_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of fmax below which also the time that waits for memory grows; 0: it never does.",
    )
    steepness: float = Field(
        default=1.625, ge=1, le=5, description="How steeply that time grows below the knee."
    )
    idle_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the time at fmax in which the GPU waits for the host, which no clock changes.",
    )
    idle_w: float = Field(default=36.0, ge=0, le=500, description="Power while the GPU waits [W].")
    call_s: float = Field(
        default=0.01, gt=0, le=600, description="Time of one call at the highest clock [s]."
    )


class WorkloadBlock(Block):
    """What differs from the simulated GPU's own laws; see there. Keys that are left out are as there."""

    p0_w: float | None = Field(default=None, ge=0, le=2000, description="See simulated.p0_w [W].")
    p1_w: float | None = Field(default=None, gt=0, le=2000, description="See simulated.p1_w [W].")
    exponent: float | None = Field(default=None, ge=1, le=5, description="See simulated.exponent.")
    voltage_floor_share: float | None = Field(
        default=None, ge=0, lt=1, description="See simulated.voltage_floor_share."
    )
    compute_share: float | None = Field(default=None, ge=0, le=1, description="See simulated.compute_share.")
    knee_share: float | None = Field(default=None, ge=0, lt=1, description="See simulated.knee_share.")
    steepness: float | None = Field(default=None, ge=1, le=5, description="See simulated.steepness.")
    idle_share: float | None = Field(default=None, ge=0, lt=1, description="See simulated.idle_share.")
    idle_w: float | None = Field(default=None, ge=0, le=500, description="See simulated.idle_w [W].")
    call_s: float | None = Field(default=None, gt=0, le=600, description="See simulated.call_s [s].")
