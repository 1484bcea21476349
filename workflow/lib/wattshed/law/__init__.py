"""Laws of time and energy: what a training step costs, from the architecture and a profile of the device. No torch."""
