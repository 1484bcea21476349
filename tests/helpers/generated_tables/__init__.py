"""Tables in every dialect, clock and unit that the source `table` reads, generated from a known truth."""
