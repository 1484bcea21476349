"""The regression guard: a stored baseline, paired energies, verdicts."""
