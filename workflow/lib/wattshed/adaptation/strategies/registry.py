"""The table of adaptation strategies: name -> module."""

MODULES: dict[str, str] = {}
