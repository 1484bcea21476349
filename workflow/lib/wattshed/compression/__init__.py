"""Smaller variants of checkpoints: how they are made, compared and judged."""
