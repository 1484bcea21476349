"""The ``clocks.replay`` block: which recorded sweep is replayed."""

from pydantic import Field

from wattshed.config.clocks.recording import RecordingBlock


class ReplayBlock(RecordingBlock):
    gpu: str = Field(min_length=1, description="The GPU to replay, by name or uuid.")
    workload: str = Field(min_length=1, description="The workload to replay.")
