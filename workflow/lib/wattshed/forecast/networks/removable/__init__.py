"""Units and channels of networks that structured pruning can remove, and layers that let them be seen."""
