"""The memory of a training step: predicted without computing it, measured, and chosen to fit a device."""
