"""Own energy from known machines, with the right value for each case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.energy.constants import CORE_W, GIB_W, Constant
from wattshed.energy.idle import IdlePower
from wattshed.energy.reading import JOULES_PER_KWH, Component, Reading
from wattshed.energy.share.own_energy import OwnEnergy
from wattshed.energy.share.usage import Use, was_alone

CONSTANTS = {
    CORE_W: Constant(5.0, "W per busy logical core", "stated"),
    GIB_W: Constant(0.5, "W per GiB", "stated"),
}


def machine(status="measured", source="rapl package", **joules):
    return Reading(
        {
            name: Component(None, "missing", "lost")
            if j is None
            else Component(j / JOULES_PER_KWH, status, source)
            for name, j in joules.items()
        }
    )


def idle(power_w, source="rapl package"):
    return IdlePower(
        dict(power_w),
        dict.fromkeys(power_w, "measured"),
        dict.fromkeys(power_w, source),
        "2026-01-05T07:00:00+00:00",
        3.0,
        0.0,
    )


def joules(reading, name):
    kwh = reading.components[name].kwh
    return None if kwh is None else kwh * JOULES_PER_KWH


class TestCounters:
    def test_the_part_above_idle_is_shared_by_busy_time(self):
        own = OwnEnergy({}, idle({"cpu": 10.0}))
        own.at(0.0, machine(cpu=1000.0), Use())
        # 10 s at 30 W: 100 J idle and 200 J above; a quarter of the busy time is ours.
        found = own.at(10.0, machine(cpu=1300.0), Use(own_cpu_s=3.0, busy_cpu_s=12.0))
        assert joules(found, "cpu") == pytest.approx(50.0)
        assert found.components["cpu"].status == "estimated"
        assert "above idle" in found.components["cpu"].source

    def test_without_idle_power_it_is_included_and_named(self):
        own = OwnEnergy({}, None)
        own.at(0.0, machine(cpu=0.0), Use())
        found = own.at(10.0, machine(cpu=300.0), Use(own_cpu_s=3.0, busy_cpu_s=12.0))
        assert joules(found, "cpu") == pytest.approx(75.0)
        assert "idle included" in found.components["cpu"].source

    def test_alone_all_above_idle_is_own_and_still_measured(self):
        own = OwnEnergy({}, idle({"cpu": 10.0}))
        own.at(0.0, machine(cpu=0.0), Use())
        found = own.at(10.0, machine(cpu=300.0), Use(own_cpu_s=10.0, busy_cpu_s=10.0))
        assert joules(found, "cpu") == pytest.approx(200.0)
        assert found.components["cpu"].status == "measured"

    def test_a_neighbour_counts_only_while_it_is_there(self):
        """Alone for 5 s at 20 W, then beside an equal neighbour for 5 s at 40 W: 100 J + 100 J."""
        own = OwnEnergy({}, idle({"cpu": 0.0}))
        own.at(0.0, machine(cpu=0.0), Use())
        own.at(5.0, machine(cpu=100.0), Use(own_cpu_s=5.0, busy_cpu_s=5.0))
        found = own.at(10.0, machine(cpu=300.0), Use(own_cpu_s=10.0, busy_cpu_s=15.0))
        assert joules(found, "cpu") == pytest.approx(200.0)

    def test_power_below_idle_is_no_negative_energy(self):
        own = OwnEnergy({}, idle({"cpu": 50.0}))
        own.at(0.0, machine(cpu=0.0), Use())
        assert joules(own.at(10.0, machine(cpu=300.0), Use(1.0, 1.0)), "cpu") == 0.0

    def test_nobody_busy_is_no_own_energy(self):
        own = OwnEnergy({}, None)
        own.at(0.0, machine(cpu=0.0), Use())
        assert joules(own.at(10.0, machine(cpu=300.0), Use()), "cpu") == 0.0

    def test_idle_power_of_another_sensor_is_not_taken(self):
        own = OwnEnergy({}, idle({"cpu": 10.0}, source="tdp"))
        own.at(0.0, machine(cpu=0.0), Use())
        assert joules(own.at(10.0, machine(cpu=300.0), Use(10.0, 10.0)), "cpu") == pytest.approx(300.0)

    def test_a_gap_in_the_readings_is_covered_by_the_next_one(self):
        own = OwnEnergy({}, None)
        own.at(0.0, machine(cpu=0.0), Use())
        assert joules(own.at(2.0, machine(cpu=None), Use(2.0, 2.0)), "cpu") is None
        assert joules(own.at(4.0, machine(cpu=80.0), Use(4.0, 4.0)), "cpu") == pytest.approx(80.0)

    def test_frequent_readings_change_nothing(self):
        totals = []
        for steps in (1, 7, 400):
            own = OwnEnergy({}, idle({"cpu": 5.0}))
            own.at(0.0, machine(cpu=0.0), Use())
            for step in range(1, steps + 1):
                part = step / steps
                found = own.at(10.0 * part, machine(cpu=300.0 * part), Use(4.0 * part, 8.0 * part))
            totals.append(joules(found, "cpu"))
        assert totals == pytest.approx([125.0] * 3)


class TestConstants:
    def test_it_is_linear_in_own_processor_seconds_whatever_others_do(self):
        found = []
        for busy_s in (3.0, 100.0):
            own = OwnEnergy(CONSTANTS, None)
            own.at(0.0, machine("estimated", "tdp", cpu=0.0, ram=0.0), Use())
            use = Use(own_cpu_s=3.0, busy_cpu_s=busy_s, own_gib_s=20.0)
            found.append(own.at(10.0, machine("estimated", "tdp", cpu=busy_s * 5, ram=90.0), use))
        for reading in found:
            assert joules(reading, "cpu") == pytest.approx(15.0)
            assert joules(reading, "ram") == pytest.approx(10.0)
            assert {part.status for part in reading.components.values()} == {"estimated"}
        assert "own processor seconds x 5 W per busy core" in found[0].components["cpu"].source


def test_a_gpu_is_wholly_the_jobs_unless_others_used_it():
    own = OwnEnergy({}, idle({"gpu0": 50.0}))
    own.at(0.0, machine(gpu0=0.0), Use())
    assert joules(own.at(10.0, machine(gpu0=1000.0), Use()), "gpu0") == pytest.approx(1000.0)
    found = own.at(20.0, machine(gpu0=2000.0), Use(), {"gpu0": 0.25})
    assert joules(found, "gpu0") == pytest.approx(1250.0)
    assert found.components["gpu0"].status == "estimated"


@pytest.mark.parametrize(
    ("own_s", "others_s", "duration_s", "alone"),
    [
        (10.0, 0.5, 10.0, True),
        (10.0, 10.0, 10.0, False),
        (0.0, 10.0, 10.0, False),
        (0.01, 0.3, 10.0, True),  # a sleeping job beside three hundredths of a core
        (320.0, 10.0, 10.0, True),  # one of 33 busy cores
        (1.0, 1.0, 0.1, None),  # too short for the machine's counts
        (1.0, None, 10.0, None),
        (None, 1.0, 10.0, None),
    ],
)
def test_alone_means_at_most_a_tenth_of_the_busy_time_or_of_a_core(own_s, others_s, duration_s, alone):
    assert was_alone(own_s, others_s, duration_s) is alone


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.001, 0.02, 0.1, 0.4, 0.6, 3.0]),  # time to the next reading [s]
        st.floats(0, 400),  # power of the machine [W]
        st.floats(0, 1),  # processors of the job
        st.floats(0, 8),  # processors of others
        st.booleans(),  # whether the machine's counts of 10 ms have moved
    ),
    min_size=1,
    max_size=40,
)


@given(STEPS, st.sampled_from([None, 0.0, 60.0]))
def test_own_energy_never_falls_and_is_never_more_than_the_machines(steps, idle_w):
    own = OwnEnergy({}, None if idle_w is None else idle({"cpu": idle_w}))
    own.at(0.0, machine(cpu=0.0), Use())
    at_s = spent_j = own_s = busy_s = counted_s = last_j = 0.0
    for span_s, power_w, mine, others, counted in steps:
        at_s += span_s
        spent_j += power_w * span_s
        own_s += mine * span_s
        busy_s += (mine + others) * span_s
        counted_s = busy_s if counted else counted_s
        found_j = joules(own.at(at_s, machine(cpu=spent_j), Use(own_s, counted_s)), "cpu")
        assert last_j <= found_j <= spent_j + 1e-6
        last_j = found_j
