"""wattshed: what forecasting models cost, measured, repeated, labelled and reproducible."""

__version__ = "0.1.0"
