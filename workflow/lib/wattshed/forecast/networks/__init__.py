"""The networks of our families, and what they are made of."""
