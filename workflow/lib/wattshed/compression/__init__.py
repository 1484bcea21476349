"""Smaller variants of checkpoints: making, comparing and judging them."""
