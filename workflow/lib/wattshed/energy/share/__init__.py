"""A job's own share of the machine: processor time, memory, and the energy that follows from them."""
