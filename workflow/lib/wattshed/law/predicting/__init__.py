"""Predictions of steps, epochs and trainings from operations and a device profile."""
