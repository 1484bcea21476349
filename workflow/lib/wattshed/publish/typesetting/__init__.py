"""Tables as LaTeX, Markdown and HTML; numbers and units as text."""
