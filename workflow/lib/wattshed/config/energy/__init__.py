"""Blocks about measuring: the place, the meter, carbon factors and budgets."""
