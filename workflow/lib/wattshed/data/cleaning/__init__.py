"""Nodes that a study leaves out, and cells that it takes for unobserved."""
