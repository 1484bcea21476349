"""Kernels of graph attention: with a tensor of messages, by dense products, or in chunks of edges."""
