"""One module per compression method; layers that need torch stand beside them."""
