"""Baselines: forecasters that are fitted without gradient descent."""
