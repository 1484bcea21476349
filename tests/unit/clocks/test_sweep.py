import os
import signal
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.clocks.backends.protocol import clock_given_back
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.runs import COLUMNS
from wattshed.clocks.sweeping.plan import plan_order, spread_clocks
from wattshed.clocks.sweeping.sweep import SESSION, run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock

LEGAL = tuple(range(510, 1411, 15))


@settings(max_examples=50, deadline=None)
@given(legal=st.sets(st.integers(100, 3000), min_size=2), points=st.integers(2, 60))
def test_spread_clocks_are_legal_distinct_and_reach_both_ends(legal, points):
    clocks = spread_clocks(tuple(legal), points)
    assert set(clocks) <= legal
    assert len(clocks) == len(set(clocks)) <= points
    assert list(clocks) == sorted(clocks)
    assert (clocks[0], clocks[-1]) == (min(legal), max(legal))


def test_spread_clocks_stand_closer_near_the_maximum():
    clocks = spread_clocks(LEGAL, 12)
    assert len(clocks) == 12
    assert clocks[-1] - clocks[-2] < clocks[1] - clocks[0]


def test_each_clock_is_repeated_and_the_reference_never_rests_long():
    clocks = spread_clocks(LEGAL, 12)
    plan = plan_order(clocks, repeats=5, seed=1)
    counts = Counter(plan)
    assert all(counts[clock] == 5 for clock in clocks[:-1])
    at = [place for place, clock in enumerate(plan) if clock == 1410]
    assert (at[0], at[-1], len(at)) == (0, len(plan) - 1, 11)
    assert max(b - a for a, b in pairwise(at)) <= 7


def test_order_is_seeded_and_differs_between_rounds():
    clocks = spread_clocks(LEGAL, 12)
    plan = plan_order(clocks, repeats=2, seed=1)
    assert plan == plan_order(clocks, repeats=2, seed=1) != plan_order(clocks, repeats=2, seed=2)
    half = len(plan) // 2
    assert plan[:half] != plan[half : 2 * half]


def test_table_has_the_columns_and_marks_the_warm_up():
    block = ClocksBlock(warm_up_repeats=2, repeats=3, points=4)
    frame = run_sweep(SimulatedClocks(block.simulated, 0), lambda: None, block, "forecast")
    assert list(frame.columns) == [*COLUMNS, SESSION]
    assert frame["warm"].tolist() == [False] * 2 + [True] * (len(frame) - 2)
    assert frame["order"].tolist() == list(range(1, len(frame) + 1))
    assert set(frame["label"]) == {"simulated"}
    assert set(frame["workload"]) == {"forecast"}
    warm = frame[frame["warm"]]
    assert not warm.duplicated(["setting", "repeat"]).any()
    assert (frame["power_w"] * frame["time_s"]).to_numpy() == pytest.approx(frame["energy_j"].to_numpy())


class Watched(SimulatedClocks):
    """Runs its workload, which the simulated GPU does not, and counts how often the clock was given back."""

    resets = 0

    def measure(self, workload, min_s):
        workload()
        return super().measure(workload, min_s)

    def reset(self) -> None:
        self.resets += 1
        super().reset()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_clock_is_given_back_when_the_workload_fails(failure):
    def workload() -> None:
        raise failure

    gpu = Watched(SimulatedBlock(), seed=0)
    with pytest.raises(failure):
        run_sweep(gpu, workload, ClocksBlock())
    assert gpu.resets == 1


def test_clock_is_given_back_on_sigterm_and_the_handler_restored():
    before = signal.getsignal(signal.SIGTERM)
    gpu = Watched(SimulatedBlock(), seed=0)

    def terminated() -> None:
        with clock_given_back(gpu):
            gpu.lock(510)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)  # cut short by the signal

    with pytest.raises(SystemExit) as exit_:
        terminated()
    assert exit_.value.code == 143
    assert (gpu.resets, gpu.applied()) == (1, 1410)
    assert signal.getsignal(signal.SIGTERM) is before
