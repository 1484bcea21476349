"""Measuring clock after clock: the order, the search, the journal."""
