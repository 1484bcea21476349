"""Measured kernels and training steps, from which a device profile is made. Needs torch."""
