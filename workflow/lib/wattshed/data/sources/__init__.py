"""One module per source; each turns what it finds into a ``Panel``."""
