"""Limits of a calibration. No torch, so that a wrong number is refused at once."""

# Fewer seconds do not give every law its points.
LEAST_SECONDS = 10.0
MOST_SECONDS = 3600.0
MOST_THREADS = 1024
