"""What a killed attempt spent: as much as is known, and nothing twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.energy.ledger.attempts import attempt_duration_s, attempt_energy, disjoint, job_energy, net_kwh
from wattshed.energy.ledger.reading import Attempt, JobLedger

SENSORS = {"sensors": [{"component": "cpu", "status": "measured", "source": "rapl", "resolution_s": 0.01}]}


def cpu(kwh):
    if kwh is None:
        return {"cpu": {"kwh": None, "status": "missing", "source": "shorter than the resolution"}}
    return {"cpu": {"kwh": kwh, "status": "measured", "source": "rapl"}}


def window(start_s, end_s, kwh):
    return {"start_s": start_s, "end_s": end_s, "duration_s": end_s - start_s, "energy": cpu(kwh)}


def tick(at_s, kwh):
    return {"at_s": at_s, "energy": {"cpu": kwh}}


def killed(windows=(), ticks=()):
    return Attempt({}, SENSORS, list(windows), list(ticks))


def test_what_lies_in_a_window_that_began_before_the_tick_counts_from_the_tick_on():
    """An outer window that straddles the tick hides none of the inner ones after it."""
    attempt = killed([window(6, 8, 2.0), window(8, 9, 1.0), window(0, 10, 10.0)], [tick(5.0, 5.0)])
    assert attempt_energy(attempt)["cpu"]["kwh"] == 8.0
    assert attempt_duration_s(attempt) == 10


def test_windows_that_overlap_count_their_common_time_once_and_only_as_an_estimate():
    part = attempt_energy(killed([window(0, 10, 10.0), window(5, 15, 10.0)]))["cpu"]
    assert (part["kwh"], part["status"]) == (15.0, "estimated")


def test_a_window_too_short_to_be_read_takes_nothing_from_what_was_read():
    assert attempt_energy(killed([window(6, 6.01, None)], [tick(5.0, 5.0)]))["cpu"]["kwh"] == 5.0
    assert attempt_energy(killed([window(0, 3, 3.0), window(3, 3.01, None)]))["cpu"]["kwh"] == 3.0


def test_a_sensor_that_failed_has_spent_what_it_had_counted_and_is_an_estimate_of_the_whole():
    attempt = killed([window(6, 8, 2.0)], [tick(2.0, 2.0), tick(5.0, None)])
    assert attempt_energy(attempt)["cpu"] == {"kwh": 4.0, "status": "estimated", "source": "rapl"}
    attempt.sensors = {**SENSORS, "idle": {"power_w": {"cpu": 3.6e6 / 10}, "source": {"cpu": "rapl"}}}
    _, net = job_energy(JobLedger("j", [attempt]))
    assert net["cpu"] == pytest.approx(4.0 - 4 * 0.1), "idle power counts for the four known seconds only"


def test_a_sensor_that_no_tick_knows_has_what_the_windows_say():
    assert attempt_energy(killed([window(6, 8, 2.0)], [tick(5.0, None)]))["cpu"]["kwh"] == 2.0
    assert attempt_energy(killed([], [tick(5.0, None)]))["cpu"]["kwh"] is None


@pytest.mark.parametrize("attempt", [killed(), killed([window(0, 0.01, None)])])
def test_nothing_known_is_no_zero(attempt):
    assert attempt_energy(attempt).get("cpu", {"kwh": None})["kwh"] is None


def test_idle_power_is_taken_off_the_seconds_whose_energy_is_known():
    """Killed between its tick at 5 s and the end of a window of which nothing is known."""
    attempt = killed([window(0, 10, 10.0), window(6, 8, 2.0)], [tick(5.0, 5.0)])
    attempt.sensors = {**SENSORS, "idle": {"power_w": {"cpu": 3.6e6 / 10}, "source": {"cpu": "rapl"}}}
    gross, net = job_energy(JobLedger("j", [attempt]))
    assert gross["cpu"]["kwh"] == 7.0
    assert net["cpu"] == pytest.approx(7.0 - 7 * 0.1)


@pytest.mark.parametrize(
    "idle",
    [
        None,
        {"power_w": {}, "source": {}},
        {"power_w": {"cpu": None}, "source": {"cpu": "rapl"}},
        {"power_w": {"cpu": 1.0}, "source": {"cpu": "thermal design power of 65 W x load"}},
    ],
)
def test_no_net_energy_without_idle_power_of_the_same_source(idle):
    assert net_kwh(cpu(1.0), idle, 10.0) == {"cpu": None}


edges = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(edges, max_size=15))
def test_constant_power_gives_the_energy_of_the_time_that_windows_cover(spans):
    """However windows nest and overlap: at 1 kWh per second, kWh are the seconds of their union."""
    kept = disjoint([window(start, end, float(end - start)) for start, end in spans])
    covered = {second for start, end in spans for second in range(start, end)}
    assert sum(share * part["energy"]["cpu"]["kwh"] for part, share in kept) == pytest.approx(len(covered))
