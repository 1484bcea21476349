"""The levels: which mechanisms each takes, without the settings that are their defaults."""

from __future__ import annotations

from typing import Any

# Exact and no slower: the scores of attention and the messages of a graph are never whole in memory.
LOW: dict[str, dict[str, Any]] = {"fused_attention": {}, "aggregation": {"kernel": "streamed"}}
# Beside them, costly parts are computed again in the backward pass.
MEDIUM: dict[str, dict[str, Any]] = {**LOW, "checkpointing": {}}
# Beside them, what is still kept leaves the device, no gradient waits for the others, and products are in bf16. Where
# clipping or accumulation needs all gradients at once, they wait in host memory instead.
HIGH: dict[str, dict[str, Any]] = {
    **MEDIUM,
    "activation_offload": {},
    "gradient_release": {},
    "gradient_offload": {},
    "bf16": {},
}
LEVELS: dict[str, dict[str, dict[str, Any]]] = {"none": {}, "low": LOW, "medium": MEDIUM, "high": HIGH}
# From the least to the most; ``auto`` takes the first whose predicted peak fits.
ORDER = tuple(LEVELS)
