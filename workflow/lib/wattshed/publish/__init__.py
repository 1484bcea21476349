"""LaTeX tables, figures and the report. Imports no torch."""
