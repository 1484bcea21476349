"""Recovery after a kill: finished work of orphaned jobs, and stale locks."""
