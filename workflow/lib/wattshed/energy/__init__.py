"""Sensors, meter, ledger and carbon. Knows nothing of models."""
