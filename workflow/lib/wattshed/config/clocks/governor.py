"""The ``clocks.governor`` block: how the clock follows the phases of a workload."""

from wattshed.config.block import Block


class GovernorBlock(Block):
    """Filled by the governor."""
