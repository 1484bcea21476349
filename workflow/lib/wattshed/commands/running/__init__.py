"""How a measured command runs: as it would without the meter."""
