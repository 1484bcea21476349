"""One module per energy sensor, and the choice among them."""
