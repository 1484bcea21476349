"""Going on after a kill: work that an orphan finished, and locks that nobody holds."""
