"""The parts of the simulated GPU: laws, heat, noise and counters."""
