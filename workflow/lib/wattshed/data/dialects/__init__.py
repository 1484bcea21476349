"""Tables as people have them: containers, encodings, separators and numbers, read in blocks of columns."""
