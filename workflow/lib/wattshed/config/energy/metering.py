"""The ``metering`` block: how windows are measured. Only this part of ``energy`` can change a measurement."""

from typing import Literal

from pydantic import Field

from wattshed.config.block import Block


class MeteringBlock(Block):
    minimum_window_s: float = Field(
        default=1.0,
        gt=0,
        le=600,
        description="Repeatable work shorter than this [s] is repeated until it takes this long; the "
        "energy is then divided.",
    )
    idle_s: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="How long [s] the idle machine is measured before a job where no recent idle power is kept for "
        "its host; 0 measures none, and then net energy is known only where one is kept.",
    )
    idle_max_age_h: float = Field(
        default=24.0, ge=0, description="An idle power older than this [h] is measured again."
    )
    sample_every_s: float = Field(
        default=1.0,
        ge=0.02,
        le=60,
        description="Interval [s] between samples of clocks, power, temperature, utilisation and throttle reasons.",
    )
    tick_every_s: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Interval [s] at which the energy so far is written to the ledger; a killed job loses "
        "at most this much.",
    )
    cpu_estimator: Literal["tdp", "codecarbon"] = Field(
        default="tdp",
        description="What estimates CPU and RAM if no counter can be read: a stated power per busy core, linear in "
        "load (tdp), or CodeCarbon's models (2 s to start; its load model is cubic).",
    )
    cpu_power_w: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="Power of all CPU sockets together at full load [W], for tdp; null takes the thermal design power "
        "from CodeCarbon's table, or 4 W per logical core for a processor that it does not name.",
    )
