"""The table of model families: name -> module."""

MODULES: dict[str, str] = {
    "stgnn_reference": "wattshed.forecast.families.stgnn_reference",
    "stgnn": "wattshed.forecast.families.stgnn",
    "gru": "wattshed.forecast.families.gru",
    "lstm": "wattshed.forecast.families.lstm",
    "transformer": "wattshed.forecast.families.transformer",
    "gnn_stan": "wattshed.forecast.families.gnn_stan",
    "dlinear": "wattshed.forecast.families.dlinear",
    "pooled_ridge": "wattshed.forecast.families.pooled_ridge",
}
