"""Limits of a calibration. No torch, so that a wrong number is refused at once."""

from wattshed.foundation.faults import Fault

# Fewer seconds do not give every law its points.
LEAST_SECONDS = 10.0
MOST_SECONDS = 3600.0
MOST_THREADS = 1024


class TooFewSeconds(Fault):
    """The time did not suffice for any measurement, any law, or the laws of any step; more of it may."""
