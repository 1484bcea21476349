"""Sensors of GPUs, and what they share."""
