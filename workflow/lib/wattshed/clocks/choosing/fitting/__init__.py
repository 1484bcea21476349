"""Laws of time and power, fitted to windows as draws."""
