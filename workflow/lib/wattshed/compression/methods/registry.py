"""The table of compression methods: name -> module."""

MODULES: dict[str, str] = {}
