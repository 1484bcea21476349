"""Work of one kernel call over threads: every piece once, small work by the calling thread."""

import threading

import pytest
import torch

from kernel_cases import made_weights
from wattshed.engine.cpu.kernel_call import GATE_OPERATIONS, THREAD_OPERATIONS, KernelCall

HIDDEN, LIFT = 16, 5
PER_HOUR = HIDDEN * (3 * (HIDDEN + LIFT) + GATE_OPERATIONS)


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def call():
    return KernelCall(made_weights(HIDDEN, 6, torch.Generator().manual_seed(0), LIFT), HIDDEN, LIFT)


def ran(pieces, hours):
    """The pieces that were worked on, and the threads that did it."""
    done, threads = [], set()

    def work(problem, first, last):
        threads.add(threading.get_ident())
        done.extend(range(first.value, last.value))
        return 0

    call().run(work, pieces, hours)
    return done, threads


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("pieces", [1, 2, 3, 17, 100])
@pytest.mark.parametrize("hours", [1, 24, 10 * THREAD_OPERATIONS])
def test_every_piece_is_worked_on_once(pieces, hours):
    done, threads = ran(pieces, hours)
    assert sorted(done) == list(range(pieces))
    assert len(threads) <= min(4, pieces)


@pytest.mark.usefixtures("four_threads")
def test_small_work_is_not_handed_to_other_threads():
    most = 2 * THREAD_OPERATIONS // PER_HOUR
    assert ran(2, most // 2)[1] == {threading.get_ident()}


@pytest.mark.usefixtures("four_threads")
def test_large_work_is_handed_to_other_threads():
    """Both threads must meet, so one of them cannot have done all."""
    meeting = threading.Barrier(2, timeout=60)

    def work(problem, first, last):
        meeting.wait()
        return 0

    call().run(work, 2, THREAD_OPERATIONS // PER_HOUR + 1)
    assert not meeting.broken


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("hours", [1, 10 * THREAD_OPERATIONS])
def test_memory_that_ran_out_is_told(hours):
    with pytest.raises(MemoryError, match="could not get its scratch memory"):
        call().run(lambda problem, first, last: 1, 3, hours)
