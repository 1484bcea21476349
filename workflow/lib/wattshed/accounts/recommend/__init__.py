"""Which checkpoint of a study to use for how many forecasts."""
