"""Ledgers and other records as tidy frames, and what follows from them. Imports no torch."""
