"""From measured points to laws, step terms and errors."""
