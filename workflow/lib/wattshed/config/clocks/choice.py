"""The ``clocks.choice`` block: by which rule and under which limits a setting is chosen."""

from wattshed.config.block import Block


class ChoiceBlock(Block):
    """Filled by the choice."""
