"""Recipes, batches, the loop and its checkpoints."""
