"""What the source of the laws published, recomputed."""
