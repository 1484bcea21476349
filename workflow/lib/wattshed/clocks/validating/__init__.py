"""Every recommendation recomputed from raw rows, by code that shares nothing with the choice."""
