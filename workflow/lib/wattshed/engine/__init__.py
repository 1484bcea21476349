"""Back ends of the recurrent forecaster: several ways to compute the same result."""
