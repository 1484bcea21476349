"""Runs, windows and stages as frames."""
