"""Sentences of the report that are computed from the results."""
