"""GPU clocks: backends, the sweep and the choice under uncertainty."""
