"""Which GPUs the machine has, and how the libraries number them."""
