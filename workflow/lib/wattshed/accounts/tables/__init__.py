"""Tables as people keep them: their names, dialects and numbers."""
