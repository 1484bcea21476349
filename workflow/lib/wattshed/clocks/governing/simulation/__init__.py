"""Simulated mixes of phases, and what a governor saves on them against an oracle and the best static clock."""
