"""What the times of a file say: cells of text and numbers as instants in UTC."""
