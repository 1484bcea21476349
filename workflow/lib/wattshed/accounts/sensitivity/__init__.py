"""How far the test errors depend on single nodes, parts of the calendar and the graph."""
