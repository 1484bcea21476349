"""Sensors, meter, ledger, budgets and carbon. This room knows nothing about models."""
