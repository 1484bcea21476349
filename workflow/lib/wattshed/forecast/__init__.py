"""Models and baselines behind one Forecaster protocol, and the error metrics."""
