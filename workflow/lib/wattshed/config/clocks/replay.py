"""The ``clocks.replay`` block: which recorded sweep is replayed."""

from pydantic import Field

from wattshed.config.block import Block


class ReplayBlock(Block):
    path: str = Field(description="CSV of recorded runs: gpu, workload, run, rep, freq_mhz, time_s, power_w.")
    gpu: str = Field(description="Value of the column gpu to replay.")
    workload: str = Field(description="Value of the column workload to replay.")
