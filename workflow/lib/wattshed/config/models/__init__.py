"""Blocks about models: families, recipes, strategies, methods, clocks and the ladder."""
