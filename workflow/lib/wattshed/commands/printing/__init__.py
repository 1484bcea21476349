"""What commands print, and the console that they print to."""
