"""Blocks about data: sources, windows, splits and the graph."""
