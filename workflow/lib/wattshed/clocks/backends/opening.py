"""From the configuration to the clock backend that it names."""

from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.backends.protocol import ClockBackend
from wattshed.clocks.backends.replay import RecordedClocks
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.config.models.clocks import ClocksBlock


def open_backend(block: ClocksBlock) -> ClockBackend:
    """The backend of ``clocks.backend``; raises :class:`Fault` where it cannot work here."""
    if block.backend == "nvml":
        return NvmlClocks(block.nvml)
    if block.backend == "replay":
        assert block.replay is not None  # the block's own validator
        return RecordedClocks(block.replay)
    return SimulatedClocks(block.simulated, block.seed)
