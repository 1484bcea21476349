"""Samples of clocks, power, temperature and utilisation beside a measurement."""
