"""Smaller variants of a trained model, each judged at equal accuracy."""
