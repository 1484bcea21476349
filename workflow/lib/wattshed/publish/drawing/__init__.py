"""What all figures share: style, colours, places of labels."""
