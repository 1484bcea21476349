"""How busy the processor is, and what is sampled of it."""

import threading
from collections import namedtuple
from types import SimpleNamespace

import pytest

from wattshed.energy.sampling.cpu_samples import CpuSamples
from wattshed.energy.sensors.cpu_load import CpuLoad

Times = namedtuple("Times", "user idle iowait steal guest")


def load_between(before, after):
    answers = iter([before, after])
    return CpuLoad(lambda: next(answers)).since_last()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Times(3, 1, 0, 0, 0), 0.75),
        (Times(1, 2, 1, 0, 0), 0.25),  # waiting for a disk is no work
        (Times(1, 1, 0, 2, 0), 0.25),  # nor is what the hypervisor gave to others
        (Times(2, 2, 0, 0, 2), 0.5),  # a guest's time stands in the user's already
        (Times(0, 4, 0, 0, 0), 0.0),
        (Times(4, 0, 0, 0, 0), 1.0),
    ],
)
def test_the_share_at_work(after, expected):
    assert load_between(Times(0, 0, 0, 0, 0), after) == pytest.approx(expected)


def test_counts_that_have_not_moved_give_no_share():
    assert load_between(Times(1, 1, 0, 0, 0), Times(1, 1, 0, 0, 0)) is None


def test_counts_that_run_backwards_stay_within_bounds():
    assert load_between(Times(1, 5, 3, 0, 0), Times(4, 5, 1, 0, 0)) == 1.0


def fake_psutil(frequency_mhz=2400.0, temperatures=None):
    return SimpleNamespace(
        cpu_times=iter([Times(0, 0, 0, 0, 0), Times(1, 3, 0, 0, 0)]).__next__,
        cpu_freq=lambda: SimpleNamespace(current=frequency_mhz),
        sensors_temperatures=lambda: temperatures or {},
    )


def test_samples_have_units_and_the_hottest_of_the_processors_temperatures():
    entries = [SimpleNamespace(current=51.0), SimpleNamespace(current=63.0)]
    temperatures = {"coretemp": entries, "acpitz": [SimpleNamespace(current=99.0)]}
    assert CpuSamples(fake_psutil(temperatures=temperatures)).sample() == {
        "cpu_utilisation_percent": 25.0,
        "cpu_clock_mhz": 2400.0,
        "cpu_temperature_c": 63.0,
    }


def test_what_the_system_does_not_tell_is_left_out():
    psutil = fake_psutil(frequency_mhz=0.0)
    del psutil.sensors_temperatures  # as outside Linux
    assert set(CpuSamples(psutil).sample()) == {"cpu_utilisation_percent"}

    def unknown():
        raise NotImplementedError

    psutil = fake_psutil()
    psutil.cpu_freq = unknown
    assert set(CpuSamples(psutil).sample()) == {"cpu_utilisation_percent"}


def test_the_first_sample_in_another_thread_covers_the_time_since_the_start():
    """psutil's own percentage would say 0 there."""
    samples = CpuSamples()
    before = samples._psutil.cpu_times().user
    while samples._psutil.cpu_times().user < before + 0.1:
        sum(range(10_000))
    found = {}
    thread = threading.Thread(target=lambda: found.update(samples.sample()))
    thread.start()
    thread.join()
    assert 0 < found["cpu_utilisation_percent"] <= 100
