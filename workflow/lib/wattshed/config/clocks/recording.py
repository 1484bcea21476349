"""One entry of ``clocks.recordings``: a recorded sweep that the study judges."""

from pydantic import Field

from wattshed.config.block import Block


class RecordingBlock(Block):
    path: str = Field(description="File, or folder of files, of the recording.")
