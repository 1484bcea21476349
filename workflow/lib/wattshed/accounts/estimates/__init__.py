"""Energy of runs that nobody recorded."""
