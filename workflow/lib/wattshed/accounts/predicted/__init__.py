"""Predicted costs of trainings against what they took."""
