"""The table of memory mechanisms: name -> module, in the order in which a plan applies them."""

MODULES: dict[str, str] = {}
