"""The table of baselines: name -> module:member."""

MODULES: dict[str, str] = {
    "persistence": "wattshed.forecast.baselines.naive:PERSISTENCE",
    "seasonal_24h": "wattshed.forecast.baselines.naive:SEASONAL_24H",
    "seasonal_168h": "wattshed.forecast.baselines.naive:SEASONAL_168H",
    "climatology": "wattshed.forecast.baselines.naive:CLIMATOLOGY",
    "ridge": "wattshed.forecast.baselines.linear:RIDGE",
    "ridge_graph": "wattshed.forecast.baselines.linear:RIDGE_GRAPH",
    "lightgbm": "wattshed.forecast.baselines.trees:LIGHTGBM",
    "lightgbm_rich": "wattshed.forecast.baselines.trees:LIGHTGBM_RICH",
    "pooled_trees": "wattshed.forecast.baselines.trees:POOLED_TREES",
    "pooled_stack": "wattshed.forecast.baselines.trees:POOLED_STACK",
    "majority": "wattshed.forecast.baselines.classes:MAJORITY",
    "logistic_connectivity": "wattshed.forecast.baselines.classes:LOGISTIC_CONNECTIVITY",
}
