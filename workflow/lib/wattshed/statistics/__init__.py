"""Intervals, ratios and paired tests."""
