"""The most that any governor could save on a mix: true laws, future known, changes of the clock free."""

from wattshed.clocks.governing.allocation import Allocation, allocate
from wattshed.clocks.governing.mix import Mix


def oracle(mix: Mix, max_slowdown_share: float) -> Allocation:
    """Least energy over all allocations of clocks to the laws of the mix, within the limit on the whole run's time.

    Exact for governors that may also switch within a phase (:mod:`~wattshed.clocks.governing.allocation`), so an upper
    bound of the saving for all others.
    """
    choices = [
        [(*mix.cost(law, setting), setting) for setting in reversed(mix.settings)] for law in mix.totals
    ]
    allowed_s = mix.at(mix.maximum)[0] * (1 + max_slowdown_share)
    return allocate(choices, allowed_s)
