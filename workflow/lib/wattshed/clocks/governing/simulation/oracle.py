"""The most that any governor could save on a mix: true laws, future known, changes of the clock free."""

from wattshed.clocks.governing.allocation import Allocation, allocate
from wattshed.clocks.governing.simulation.mix import Mix


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


def best_static_in_hindsight(mix: Mix, max_slowdown_share: float) -> int:
    """The best single clock for who knows the mix and its laws: an upper bound for all static clocks."""
    allowed_s = mix.at(mix.maximum)[0] * (1 + max_slowdown_share)
    kept = [setting for setting in mix.settings if mix.at(setting)[0] <= allowed_s]
    return min(kept, key=lambda setting: mix.at(setting)[1])
