"""What the cells of a table show: columns, times, clocks, units, numbers."""
