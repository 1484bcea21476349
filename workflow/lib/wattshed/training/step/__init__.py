"""One gradient step: loss, precision, optimiser, schedule."""
