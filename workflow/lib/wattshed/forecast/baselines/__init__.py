"""One module per baseline: forecasters that are fitted without gradient descent."""
