"""Which GPUs there are, and how the libraries number them."""
