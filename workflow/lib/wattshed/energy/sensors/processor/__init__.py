"""Sensors and estimates of processors, and what they share."""
