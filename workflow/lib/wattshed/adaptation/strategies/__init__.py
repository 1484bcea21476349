"""One module per strategy of continual learning."""
