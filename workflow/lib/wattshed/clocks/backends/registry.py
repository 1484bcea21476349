"""The table of clock back ends: name -> module."""

MODULES: dict[str, str] = {}
