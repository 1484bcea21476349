"""Limits on the energy of a run and of a study."""
