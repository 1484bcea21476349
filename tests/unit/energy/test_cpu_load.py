"""The load of the processor, and its samples."""

import threading
from collections import namedtuple
from types import SimpleNamespace

import pytest

from wattshed.energy.sampling.cpu_samples import CpuSamples
from wattshed.energy.sensors.processor.cpu_load import CpuLoad

Times = namedtuple("Times", "user idle iowait steal guest")


def load_between(before, after):
    answers = iter([before, after])
    return CpuLoad(lambda: next(answers)).since_last()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (Times(3, 1, 0, 0, 0), 0.75),
        (Times(1, 2, 1, 0, 0), 0.25),  # waiting for a disk is not work
        (Times(1, 1, 0, 2, 0), 0.25),  # nor is time that the hypervisor gave to others
        (Times(2, 2, 0, 0, 2), 0.5),  # user time already includes guest time
        (Times(0, 4, 0, 0, 0), 0.0),
        (Times(4, 0, 0, 0, 0), 1.0),
    ],
)
def test_the_load_is_the_share_of_time_spent_working(after, expected):
    assert load_between(Times(0, 0, 0, 0, 0), after) == pytest.approx(expected)


def test_unchanged_counts_give_no_load():
    assert load_between(Times(1, 1, 0, 0, 0), Times(1, 1, 0, 0, 0)) is None


def test_counts_that_go_backwards_give_a_load_of_at_most_1():
    assert load_between(Times(1, 5, 3, 0, 0), Times(4, 5, 1, 0, 0)) == 1.0


def fake_psutil(frequency_mhz=2400.0, temperatures=None):
    return SimpleNamespace(
        cpu_times=iter([Times(0, 0, 0, 0, 0), Times(1, 3, 0, 0, 0)]).__next__,
        cpu_freq=lambda: SimpleNamespace(current=frequency_mhz),
        sensors_temperatures=lambda: temperatures or {},
    )


def test_samples_have_units_and_the_highest_cpu_temperature():
    entries = [SimpleNamespace(current=51.0), SimpleNamespace(current=63.0)]
    temperatures = {"coretemp": entries, "acpitz": [SimpleNamespace(current=99.0)]}
    assert CpuSamples(fake_psutil(temperatures=temperatures)).sample() == {
        "cpu_utilisation_percent": 25.0,
        "cpu_clock_mhz": 2400.0,
        "cpu_temperature_c": 63.0,
    }


def test_values_that_the_system_does_not_provide_are_omitted():
    psutil = fake_psutil(frequency_mhz=0.0)
    del psutil.sensors_temperatures  # as outside Linux
    assert set(CpuSamples(psutil).sample()) == {"cpu_utilisation_percent"}

    def unknown():
        raise NotImplementedError

    psutil = fake_psutil()
    psutil.cpu_freq = unknown
    assert set(CpuSamples(psutil).sample()) == {"cpu_utilisation_percent"}


def test_the_first_sample_in_another_thread_covers_the_time_since_the_start():
    """psutil's own percentage would be 0 in the other thread."""
    samples = CpuSamples()
    before = samples._psutil.cpu_times().user
    while samples._psutil.cpu_times().user < before + 0.1:
        sum(range(10_000))
    found = {}
    thread = threading.Thread(target=lambda: found.update(samples.sample()))
    thread.start()
    thread.join()
    assert 0 < found["cpu_utilisation_percent"] <= 100
