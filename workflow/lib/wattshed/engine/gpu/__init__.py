"""The fused kernels in Triton and their callers."""
