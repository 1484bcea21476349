"""Which phase a workload is in, from a log of its activity."""
