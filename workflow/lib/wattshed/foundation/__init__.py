"""What every room uses: faults, files and provenance. Independent of energy and models."""
