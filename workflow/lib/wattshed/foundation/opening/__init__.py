"""How files that others wrote are opened."""
