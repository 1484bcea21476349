"""Carbon intensities of electricity."""
