"""Time and energy of an unseen workload or GPU from a few probes."""
