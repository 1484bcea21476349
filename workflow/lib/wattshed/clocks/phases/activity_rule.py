"""A phase rule on the activity of SMs, tensor cores and DRAM, with an idle class.

Thresholds and their reasons:

* idle: SMs and DRAM both active for less than 10 % of the time. The source plan's idle class uses GPUTL < 10;
  SM activity says more, because one small kernel makes GPUTL 100 %.
* memory: DRAM active for at least 55 %. DCGM's guide says that about 80 % is the most that can be reached, so this is
  two thirds of the reachable bandwidth. A kernel that also keeps the tensor cores busy is at the ridge of the roofline
  and counts as balanced.
* compute: DRAM active for less than 40 % (half of what can be reached), and SMs active for at least 50 %, below which
  DCGM's guide speaks of ineffective use, or tensor cores for at least 30 %.
* balanced: everything else.

Tensor activity is optional: GPUs without tensor cores do not report it.
"""

from collections.abc import Mapping

from wattshed.clocks.phases.rule import BALANCED, COMPUTE, IDLE, MEMORY, UNKNOWN, lacks

ACTIVE_OF_IDLE = 0.10
DRAM_OF_MEMORY = 0.55
DRAM_OF_COMPUTE = 0.40
SM_OF_COMPUTE = 0.50
TENSOR_OF_COMPUTE = 0.30


class ActivityRule:
    name = "activity"
    needs = ("sm_active_share", "dram_share")
    uses = (*needs, "tensor_share")

    def phase_of(self, values: Mapping[str, float]) -> str:
        if lacks(self, values):
            return UNKNOWN
        sm, dram = values["sm_active_share"], values["dram_share"]
        # NaN compares as false: without tensor activity only SMs and DRAM decide.
        tensor_busy = values.get("tensor_share", 0.0) >= TENSOR_OF_COMPUTE
        if sm < ACTIVE_OF_IDLE and dram < ACTIVE_OF_IDLE:
            return IDLE
        if dram >= DRAM_OF_MEMORY and not tensor_busy:
            return MEMORY
        if dram < DRAM_OF_COMPUTE and (sm >= SM_OF_COMPUTE or tensor_busy):
            return COMPUTE
        return BALANCED
