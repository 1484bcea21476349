"""Models of energy from operations and durations."""
