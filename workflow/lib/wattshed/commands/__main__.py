"""``python -m wattshed.commands`` is the ``wattshed`` command."""

from wattshed.commands.main import entry

entry()
