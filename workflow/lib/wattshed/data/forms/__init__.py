"""What the columns of a table are, and its rows as readings: long, wide, one file per node, one row per day."""
