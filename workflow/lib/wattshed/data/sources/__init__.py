"""One light module per data source, beside the module that reads its panel."""
