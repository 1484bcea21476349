"""``wattshed clocks``: choose a GPU's clock from a recording, and compare two recordings."""

from wattshed.commands.clocks.command import add

__all__ = ["add"]
