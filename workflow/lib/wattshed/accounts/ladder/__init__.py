"""What each step of a ladder costs."""
