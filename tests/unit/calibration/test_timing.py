"""Times of calls, on devices that wait and on devices that work on their own; by a clock that the test moves."""

import time

import pytest

from wattshed.calibration.timing import LEAST_CALLS, Timer, Work, stopwatch_for


class Device:
    """Calls take known seconds. An asynchronous one takes them when it is waited for."""

    def __init__(self, asynchronous=False):
        self.asynchronous, self.now_s, self.queued_s, self.waits = asynchronous, 0.0, 0.0, 0

    def take(self, seconds):
        if self.asynchronous:
            self.queued_s += seconds
            # What the host takes to queue it.
            self.now_s += 1e-6
        else:
            self.now_s += seconds

    def wait(self):
        self.waits += 1
        self.now_s += self.queued_s
        self.queued_s = 0.0

    def timer(self):
        return Timer(self.wait, self.asynchronous, lambda: self.now_s, lambda: self.now_s)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_both_passes_get_their_own_time(asynchronous):
    device = Device(asynchronous)
    work = Work(lambda: device.take(2e-3), lambda made: device.take(5e-3))
    timed = device.timer().time(work, 0.1)
    assert timed.forward_s == pytest.approx(2e-3, rel=0.01)
    assert timed.backward_s == pytest.approx(5e-3, rel=0.01)
    assert timed.calls >= LEAST_CALLS


def test_a_call_that_is_queued_is_waited_for():
    """Without the wait it would take a microsecond."""
    device = Device(asynchronous=True)
    timed = device.timer().time(Work(lambda: device.take(50e-6)), 0.05)
    assert timed.forward_s == pytest.approx(51e-6, rel=0.03)
    assert timed.backward_s is None
    # Waits are shared by many calls.
    assert device.waits < timed.calls


def test_slow_calls_are_timed_few_times_and_one_interruption_does_not_count():
    device = Device()
    seconds = iter([9.0, 1.0, 30.0, 1.1])
    timed = device.timer().time(Work(lambda: device.take(next(seconds))), 0.001)
    assert timed.calls == LEAST_CALLS
    assert timed.forward_s == pytest.approx(1.1)


def test_a_backward_pass_that_noise_hides_is_not_free():
    device = Device(asynchronous=True)
    seconds = iter([1e-2] * 2 + [1e-2, 1e-5] * 200)
    work = Work(lambda: device.take(next(seconds)), lambda made: device.take(0.0))
    assert device.timer().time(work, 0.05).backward_s > 0


def test_turns_of_other_processes_are_not_timed():
    """A sleep is what a thread sees of them."""
    timed = Timer(stopwatch=stopwatch_for("cpu", 1)).time(Work(lambda: time.sleep(0.02)), 0.01)
    assert timed.forward_s < 0.01
    # Several threads, and a GPU, are timed by the wall clock.
    for device, threads in (("cpu", 2), ("cuda", 1)):
        timed = Timer(stopwatch=stopwatch_for(device, threads)).time(Work(lambda: time.sleep(0.02)), 0.01)
        assert timed.forward_s >= 0.02
