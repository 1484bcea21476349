"""The table of energy sensors: name -> module."""

MODULES: dict[str, str] = {}
