"""What every model and strategy comes to, for the tables that a reader decides by."""
