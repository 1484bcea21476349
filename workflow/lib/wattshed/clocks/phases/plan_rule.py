"""The phase rule of the source plan, as it was written.

GPUTL > 80 and DRAMA < 0.3 is compute-bound, GPUTL < 50 and DRAMA > 0.6 memory-bound, everything else balanced. GPUTL
is the percent of time in which some kernel ran, DRAMA the share of cycles in which DRAM moved data. The plan mixes the
two units; here both are shares.

The memory branch is nearly unreachable. DRAM moves data while a kernel runs, so a window in which some kernel ran for
less than half of the time has DRAM active for less than half of it, and DRAMA > 0.6 contradicts GPUTL < 50. Only
copies without a kernel, or two meters that average over different times, reach it. Memory-bound kernels show
GPUTL near 100 and come out as balanced. The rule has no idle class either: an idle GPU is balanced.
"""

from collections.abc import Mapping

from wattshed.clocks.phases.rule import BALANCED, COMPUTE, MEMORY, UNKNOWN, lacks

BUSY_OF_COMPUTE = 0.80
DRAM_OF_COMPUTE = 0.3
BUSY_OF_MEMORY = 0.50
DRAM_OF_MEMORY = 0.6


class PlanRule:
    name = "plan"
    needs = ("gpu_busy_share", "dram_share")
    uses = needs

    def phase_of(self, values: Mapping[str, float]) -> str:
        if lacks(self, values):
            return UNKNOWN
        busy, dram = values["gpu_busy_share"], values["dram_share"]
        if busy > BUSY_OF_COMPUTE and dram < DRAM_OF_COMPUTE:
            return COMPUTE
        if busy < BUSY_OF_MEMORY and dram > DRAM_OF_MEMORY:
            return MEMORY
        return BALANCED
