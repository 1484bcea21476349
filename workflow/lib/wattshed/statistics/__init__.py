"""Intervals, ratios and paired tests that every judge uses."""
