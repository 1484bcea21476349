"""Works in turns, each turn in a random order of its own.

A fixed order would give the same network the same neighbour every time, and with it the caches and waiting threads that
this neighbour leaves.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

# The first call after another network's is slower: up to twice, where a kernel follows a network that torch computed.
UNTIMED_CALLS = 3
# Of the random orders, so that a run can be repeated.
ORDER_SEED = 0


def times_in_turns(works: Sequence[Callable[[], Any]], repeats: int) -> np.ndarray:
    """Times [s] of each work's call in every repeat: [repeats, works].

    Each repeat takes the works in a random order of its own, drawn from a fixed seed. Right before each timed call, the
    same work is called :data:`UNTIMED_CALLS` times.
    """
    times_s = np.empty((repeats, len(works)))
    for repeat, order in enumerate(random_orders(len(works), repeats)):
        for index in order:
            work = works[index]
            for _ in range(UNTIMED_CALLS):
                work()
            start_s = time.perf_counter()
            work()
            times_s[repeat, index] = time.perf_counter() - start_s
    return times_s


def random_orders(count: int, turns: int) -> Iterator[list[int]]:
    """A random order of ``count`` things for each turn."""
    random = np.random.default_rng(ORDER_SEED)
    for _ in range(turns):
        yield random.permutation(count).tolist()
