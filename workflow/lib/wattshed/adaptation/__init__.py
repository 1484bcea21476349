"""Continual fine-tuning on later months, and its transfer metrics."""
