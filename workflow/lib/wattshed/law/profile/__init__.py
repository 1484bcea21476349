"""A device profile: the laws that a calibration fitted, as a file."""
