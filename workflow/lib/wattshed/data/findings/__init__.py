"""What a node's readings look like: sentinels, generation, registers, stuck meters, and sentences about them."""
