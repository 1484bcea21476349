"""Pages about GPU clocks for a user with a recording of his own: choices, and comparisons as HTML and PDF."""
