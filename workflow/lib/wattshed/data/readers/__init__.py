"""Readers that data sources share: hourly time axes, tables, archives and downloads."""
