"""Laws of time: how fast a device computes an operation of a given size."""
