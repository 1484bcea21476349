"""The table of baselines: name -> module."""

MODULES: dict[str, str] = {}
