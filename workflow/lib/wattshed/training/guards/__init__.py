"""Guards that can end a training early or repeat a step."""
