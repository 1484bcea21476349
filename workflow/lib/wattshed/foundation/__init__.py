"""Ground under every room: faults, files and provenance. Knows nothing of energy or models."""
