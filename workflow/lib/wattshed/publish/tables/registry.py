"""The table of LaTeX tables: name -> module."""

MODULES: dict[str, str] = {}
