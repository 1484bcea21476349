"""What a study asks of memory: the check of its recipes' plans, and what it measures."""
