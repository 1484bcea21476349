"""The table of memory mechanisms: name -> module, in the order in which a plan applies them."""

MODULES: dict[str, str] = {
    "gating": "wattshed.memory.mechanisms.gating",
    "low_rank": "wattshed.memory.mechanisms.low_rank",
    "fused_attention": "wattshed.memory.mechanisms.fused_attention",
    "block_attention": "wattshed.memory.mechanisms.block_attention",
    "aggregation": "wattshed.memory.mechanisms.aggregation",
}
