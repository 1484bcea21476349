"""What a user's own table is: evidence from the file, and the block that reads it."""
