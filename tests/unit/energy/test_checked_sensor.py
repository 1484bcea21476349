"""A sensor's reading is believed only if it can be true, and no sensor ends a job."""

import json
import math

import numpy as np
import pytest

from known_power import HandClock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.metered_job import metered_job
from wattshed.energy.reading import JOULES_PER_KWH, Component
from wattshed.energy.sensors.checked import CheckedSensor
from wattshed.foundation.faults import Fault

NEVER_S = 1e6


class Scripted:
    """A counter of 10 W on a hand clock; ``answer`` replaces what it reads, ``stopped_s`` is when it stands still."""

    def __init__(self, clock, resolution_s=0.1, status="measured"):
        self.clock, self.resolution_s, self.status = clock, resolution_s, status
        self.answer, self.stopped_s, self.begun_s = None, math.inf, 0.0

    def start(self):
        self.begun_s = self.clock()

    def part(self):
        joules = 10.0 * (min(self.clock(), self.stopped_s) - self.begun_s)
        return Component(joules / JOULES_PER_KWH, self.status, "scripted")

    def read(self):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return {"cpu": self.part()} if self.answer is None else self.answer

    def stop(self): ...


class OneSensor:
    """A checked sensor on a hand clock, read without a thread of its own."""

    def __init__(self, kinds=("cpu",), **options):
        self.clock = HandClock()
        self.inside = Scripted(self.clock, **options)
        self.sensor = CheckedSensor(
            self.inside, "toy", frozenset(kinds), self.clock, self.clock.sleep, watch_every_s=NEVER_S
        )

    def started(self):
        self.sensor.start()
        return self

    def after(self, seconds):
        self.clock.sleep(seconds)
        return self.sensor.read()["cpu"]

    def close(self):
        self.sensor.stop()


@pytest.fixture
def made():
    opened = []

    def make(*words, **options):
        opened.append(OneSensor(*words, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def joules(part):
    return part.kwh * JOULES_PER_KWH


def test_a_moving_counter_is_read_as_it_is(made):
    one = made().started()
    first = one.sensor.read()["cpu"]
    assert one.after(2.0).status == "measured"
    assert joules(one.after(1.0)) - joules(first) == pytest.approx(30.0)


def test_a_counter_that_never_moves_is_missing_from_the_start_and_says_for_how_long(made):
    one = made()
    one.inside.stopped_s = 0.0
    one.started()
    part = one.sensor.read()["cpu"]
    assert part.kwh is None
    assert part.source == "toy: the energy counter did not move in 1 s"
    assert "restart the machine" in one.sensor.absences["cpu"].remedy
    one.inside.stopped_s = math.inf
    assert one.after(5.0).kwh is None, "a counter that wakes up later has not counted what was before"


def test_an_estimate_may_stand_still(made):
    one = made(status="estimated")
    one.inside.stopped_s = 0.0
    assert one.started().after(60.0).kwh == 0.0


def test_a_counter_that_freezes_in_the_middle_of_a_job_is_missing_from_then_on(made):
    one = made().started()
    assert one.after(3.0).kwh is not None
    one.inside.stopped_s = one.clock()
    assert "did not move in 0.12 s" in one.after(0.12).source
    assert "did not move in 5.1 s" in one.after(5.0).source
    one.inside.stopped_s = math.inf
    assert "did not move in 5.1 s" in one.after(1.0).source


def test_a_counter_that_only_hesitates_is_known_again(made):
    one = made().started()
    one.after(1.0)
    one.inside.stopped_s = one.clock()
    assert one.after(0.15).kwh is None
    one.inside.stopped_s = math.inf
    assert one.after(0.15).kwh is not None


def test_one_of_two_processors_that_freezes_makes_their_sum_missing(made):
    one = made()
    one.inside.counts = {"cpu": (0, 0)}
    read = one.inside.read

    def counting():
        now = round(1e6 * one.clock())
        one.inside.counts = {"cpu": (now, min(now, 1_000_000))}
        return read()

    one.inside.read = counting
    one.started()
    assert one.after(1.0).kwh is not None
    assert "did not move" in one.after(10.0).source


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"cpu": Component(float("nan"), "measured", "x")}, "reads nan kWh, which is not an energy"),
        ({"cpu": Component(float("inf"), "measured", "x")}, "reads inf kWh"),
        ({"cpu": Component(-1e-9, "measured", "x")}, "which is not an energy"),
        ({"cpu": Component("3", "measured", "x")}, "reads '3' kWh"),
        ({"cpu": Component(True, "measured", "x")}, "reads True kWh"),
        ({"cpu": Component([1], "measured", "x")}, "which is not an energy"),
        ({"cpu": None}, "its cpu is NoneType, not an energy"),
        ({"cpu": 3.0}, "its cpu is float, not an energy"),
        ({}, "no longer reported"),
        ({"gpu0": Component(1.0, "measured", "x")}, "no longer reported"),
        ({1: Component(1.0, "measured", "x")}, "no longer reported"),
        ([1, 2], "its reading is list, not a dictionary"),
        (17, "its reading is int"),
        (ValueError("the wire\nis cut."), "it failed with ValueError (the wire is cut)"),
        (KeyError("cpu"), "it failed with KeyError"),
        (SystemExit(3), "it failed with SystemExit"),
        (MemoryError(), "it failed with MemoryError"),
    ],
)
def test_nonsense_is_missing_with_the_reason_and_the_next_good_reading_counts(made, answer, reason):
    one = made().started()
    before = joules(one.after(1.0))
    one.inside.answer = answer
    part = one.after(1.0)
    assert part.kwh is None
    assert part.source.startswith("toy: ")
    assert reason in part.source
    one.inside.answer = None
    assert joules(one.after(1.0)) == pytest.approx(before + 20.0), "the energy counts from the start"


@pytest.mark.parametrize(
    ("answer", "reason"), [(0.5e-6, "the energy fell by"), (1.0, "is more than any machine draws")]
)
def test_an_energy_that_falls_or_leaps_is_lost_for_good(made, answer, reason):
    one = made().started()
    one.after(1.0)
    one.inside.answer = {"cpu": Component(answer, "measured", "x")}
    assert reason in one.after(0.1).source
    one.inside.answer = None
    assert reason in one.after(1.0).source


def test_a_leap_is_not_believed_later_either(made):
    one = made().started()
    one.inside.answer = {"cpu": Component(1.0, "estimated", "x")}
    one.after(0.1)
    assert one.after(3600.0).kwh is None


def test_numbers_of_numpy_become_pythons_so_that_the_ledger_can_hold_them(made):
    one = made().started()
    one.inside.answer = {"cpu": Component(np.float32(1e-3), "estimated", "x")}
    part = one.after(1.0)
    assert json.loads(json.dumps(part.kwh)) == pytest.approx(1e-3)


def test_a_sensor_that_cannot_start_is_missing_and_a_fault_of_its_own_is_told(made):
    one = made(kinds=("cpu", "ram"))
    one.inside.start = lambda: 1 / 0
    parts = one.started().sensor.read()
    assert set(parts) == {"cpu", "ram"}
    assert {part.source for part in parts.values()} == {
        "toy: it failed with ZeroDivisionError (division by zero)"
    }

    def refuse():
        raise Fault("toy: the wattmeter is not connected: connect it.")

    one.inside.start = refuse
    with pytest.raises(Fault, match="not connected"):
        one.sensor.start()


def test_a_sensor_that_fails_when_it_stops_does_not_end_the_job(made):
    one = made().started()
    one.inside.stop = lambda: 1 / 0
    one.sensor.stop()


@pytest.mark.parametrize("resolution_s", [None, 0, -1, float("nan"), float("inf"), "0.1", True])
def test_a_resolution_that_is_not_a_time_is_refused_before_anything_runs(resolution_s):
    with pytest.raises(Fault, match=r"'toy' has the resolution .*: expected resolution_s as seconds above 0"):
        OneSensor(resolution_s=resolution_s)


def test_a_wattmeter_that_steps_every_minute_is_not_waited_for_and_judged_by_its_own_resolution(made):
    one = made(resolution_s=60.0)
    one.started()
    assert one.clock() == 0.0
    one.inside.stopped_s = 0.0
    assert one.after(59.0).kwh == 0.0
    assert "did not move in 60 s" in one.after(1.0).source


def test_a_sensor_that_can_read_in_another_way_is_told_that_its_counter_stands_still(made):
    one = made()
    one.inside.stopped_s = 0.0
    told = []

    def distrust(name, why):
        told.append((name, why))
        one.inside.status = "estimated"

    one.inside.distrust = distrust
    one.started()
    assert told == [("cpu", "the energy counter did not move in 1 s")]
    assert one.after(1.0).status == "estimated"


NONSENSE = """
import itertools
from wattshed.energy.reading import Component
from wattshed.energy.sensors.provider import Provider


class Toy:
    resolution_s = 0.01
    reads = 0

    def start(self): ...

    def read(self):
        self.reads += 1
        good = {"cpu": Component(1e-7 * self.reads, "measured", "toy")}
        return good if self.reads < 40 else self.nonsense()

    def nonsense(self):
        NONSENSE

    def stop(self):
        raise OSError("the wire is cut")


class ToyProvider(Provider):
    components = frozenset({"cpu"})
    preference = 5

    def open(self, metering, components):
        return Toy()


SENSOR = ToyProvider()
"""


@pytest.mark.parametrize(
    "nonsense",
    [
        "raise RuntimeError('gone')",
        "return None",
        "return {'cpu': None}",
        "return {'cpu': Component(float('nan'), 'measured', 'toy')}",
        "return {'cpu': Component(-5.0, 'measured', 'toy')}",
        "return {'cpu': Component(1e9, 'measured', 'toy')}",
        "return {'cpu': Component(1e-7, 'measured', 'toy')}",
    ],
)
def test_a_plug_in_that_goes_mad_in_a_job_ends_nothing_and_gives_no_number(own_plugin, tmp_path, nonsense):
    own_plugin("toy", NONSENSE.replace("NONSENSE", nonsense))
    metering = MeteringBlock(cpu_power_w=65.0, idle_s=0, minimum_window_s=0.001)
    ledger = tmp_path / "ledger/toy.jsonl"
    with metered_job(ledger, stage="command", job="toy", labels={}, metering=metering) as meter:
        for _ in range(60):
            meter.tick()
    end = json.loads(ledger.read_text().splitlines()[-1])
    assert end["outcome"] == "finished"
    assert end["energy"]["cpu"]["kwh"] is None
    assert end["energy"]["cpu"]["source"].startswith("toy: ")
