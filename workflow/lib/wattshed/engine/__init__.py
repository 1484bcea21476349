"""Back ends of the recurrent forecaster: one meaning, several ways to compute it."""
