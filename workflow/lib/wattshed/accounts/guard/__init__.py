"""The regression guard: stored records, paired energies, verdicts."""
