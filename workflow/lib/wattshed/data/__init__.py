"""Sources, panel, calendar splits, windows, graph, scaling and quality."""
