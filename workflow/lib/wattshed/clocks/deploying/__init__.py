"""What a cluster needs to use a recommendation: document, commands, units, thresholds."""
