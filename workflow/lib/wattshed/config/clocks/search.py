"""The ``clocks.search`` block: how a sweep looks for the best setting without measuring all of them."""

from wattshed.config.block import Block


class SearchBlock(Block):
    """Filled by the search."""
