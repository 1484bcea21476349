"""Readers of recorded sweeps: power logs and tables of many tools become one frame of runs."""
