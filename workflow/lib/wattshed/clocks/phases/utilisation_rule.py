"""A coarse phase rule for what NVML and nvidia-smi alone can say: how long some kernel ran, and how long memory was
read or written.

Both are shares of time, not of what the GPU could do: one small kernel makes ``gpu_busy_share`` 1, and
``memory_busy_share`` counts a slow copy as much as a fast one. So idle is told well and memory-bound roughly. Where
DCGM runs, the rule ``activity`` is the better one.
"""

from collections.abc import Mapping

from wattshed.clocks.phases.rule import BALANCED, COMPUTE, IDLE, MEMORY, UNKNOWN, lacks

BUSY_OF_IDLE = 0.10
# The thresholds of the source plan for DRAM and GPU, on the shares that NVML has.
MEMORY_OF_MEMORY = 0.6
MEMORY_OF_COMPUTE = 0.3
BUSY_OF_COMPUTE = 0.8


class UtilisationRule:
    name = "utilisation"
    needs = ("gpu_busy_share", "memory_busy_share")
    uses = needs

    def phase_of(self, values: Mapping[str, float]) -> str:
        if lacks(self, values):
            return UNKNOWN
        busy, memory = values["gpu_busy_share"], values["memory_busy_share"]
        if busy < BUSY_OF_IDLE:
            return IDLE
        if memory > MEMORY_OF_MEMORY:
            return MEMORY
        if busy > BUSY_OF_COMPUTE and memory < MEMORY_OF_COMPUTE:
            return COMPUTE
        return BALANCED
