"""From ledgers and foreign CSVs to rows with fixed types."""
