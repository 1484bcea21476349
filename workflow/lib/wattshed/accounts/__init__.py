"""Ledgers to tidy frames, statistics and frontiers. Imports no torch."""
