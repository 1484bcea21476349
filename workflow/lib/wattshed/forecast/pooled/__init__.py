"""The partially pooled ridge regression: shared weights, and every node's deviation from them, in closed form."""
