"""What the data sources read with: hourly time axes, tables, archives and downloads."""
