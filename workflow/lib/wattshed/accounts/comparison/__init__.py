"""Models against each other: fronts, leaders, normalised metrics, advice."""
