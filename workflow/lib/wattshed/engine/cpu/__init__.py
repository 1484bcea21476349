"""The fused kernel in C and its callers."""
