"""The table of model families: name -> module."""

MODULES: dict[str, str] = {}
