"""Doors out: CodeCarbon's layout and Prometheus text."""
