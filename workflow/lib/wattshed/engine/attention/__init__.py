"""Kernels of attention: the same result by products, by a fused kernel, or on blocks near the diagonal."""
