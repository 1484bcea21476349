"""Estimated energy of runs without a record."""
