"""What spoils a sweep, and which of its rows count."""
