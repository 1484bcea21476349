"""Two modules per data source: one with its settings, which is quick to import, and one that reads its panel."""
