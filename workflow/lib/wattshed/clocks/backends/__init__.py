"""One module per clock back end."""
