"""The table of memory mechanisms: name -> module, in the order in which a plan applies them.

First what changes the network, then what computes parts of it again, then what keeps activations elsewhere, then
arithmetic and gradients.
"""

MODULES: dict[str, str] = {
    "gating": "wattshed.memory.mechanisms.gating",
    "low_rank": "wattshed.memory.mechanisms.low_rank",
    "fused_attention": "wattshed.memory.mechanisms.fused_attention",
    "block_attention": "wattshed.memory.mechanisms.block_attention",
    "aggregation": "wattshed.memory.mechanisms.aggregation",
    "checkpointing": "wattshed.memory.mechanisms.checkpointing",
    "activation_offload": "wattshed.memory.mechanisms.activation_offload",
    "bf16": "wattshed.memory.mechanisms.bf16",
    "accumulation": "wattshed.memory.mechanisms.accumulation",
    "gradient_offload": "wattshed.memory.mechanisms.gradient_offload",
    "gradient_release": "wattshed.memory.mechanisms.gradient_release",
}
