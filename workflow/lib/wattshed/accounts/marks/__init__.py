"""Overlaps, shares and plausibility flags of runs."""
