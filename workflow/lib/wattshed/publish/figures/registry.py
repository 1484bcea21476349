"""The table of figures: name -> module."""

MODULES: dict[str, str] = {}
