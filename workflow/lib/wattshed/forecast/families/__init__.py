"""One module per family of trained models."""
