"""The ``clocks`` block and the blocks within it."""
