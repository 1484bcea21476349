"""The table of compression methods: name -> module."""

MODULES: dict[str, str] = {
    "drop_features": "wattshed.compression.methods.drop_features",
    "prune": "wattshed.compression.methods.prune",
    "hot_cold": "wattshed.compression.methods.hot_cold",
    "prune_gradually": "wattshed.compression.methods.prune_gradually",
    "fine_tune": "wattshed.compression.methods.fine_tune",
    "mask": "wattshed.compression.methods.mask",
    "lottery_ticket": "wattshed.compression.methods.lottery_ticket",
    "sparse_training": "wattshed.compression.methods.sparse_training",
    "low_rank": "wattshed.compression.methods.low_rank",
    "low_rank_scratch": "wattshed.compression.methods.low_rank_scratch",
    "int8": "wattshed.compression.methods.int8",
    "distil": "wattshed.compression.methods.distil",
    "half_weights": "wattshed.compression.methods.half_weights",
    "static_int8": "wattshed.compression.methods.static_int8",
}
