"""Readings on a grid of the file's resolution, in the panel's unit, summed or averaged to the study's step."""
