"""Laws per workload, heat, power limits and faults of the simulated GPU."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wattshed.clocks.backends.planned_sweep import planned_sweep
from wattshed.clocks.backends.protocol import open_for
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.backends.simulation.laws import Laws
from wattshed.clocks.runs import COLUMNS
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.config.clocks.simulated_faults import FaultsBlock, HeatBlock
from wattshed.config.clocks.simulated_laws import LawsBlock, WorkloadBlock
from wattshed.foundation import plugins

QUIET = {"noise_cv": 0.0, "counter_quantum_s": 0.0}


def quiet(**given):
    return SimulatedClocks(SimulatedBlock(**QUIET, **given), seed=0)


def times(gpu, count, min_s=5.0):
    return np.array([gpu.measure(lambda: None, min_s).time_s for _ in range(count)])


def test_a_knee_gives_the_published_times_of_memory_bound_work():
    """BlackScholes on a V100: flat at high clocks, steeper than 1/f at low ones."""
    laws = Laws(LawsBlock(compute_share=0.21, knee_share=0.68, steepness=1.625, call_s=0.871), 1380)
    published = {1380: 0.871, 945: 0.955, 705: 1.456, 405: 3.326}
    for clock, time_s in published.items():
        assert laws.time_s(clock) == pytest.approx(time_s, rel=0.01)
    steeper = np.log(laws.time_s(405) / laws.time_s(705)) / np.log(705 / 405)
    assert steeper > 1 > np.log(laws.time_s(945) / laws.time_s(1380)) / np.log(1380 / 945)


@settings(max_examples=40, deadline=None)
@given(
    compute=st.floats(0, 1),
    knee=st.floats(0, 0.95),
    floor=st.floats(0, 0.95),
    idle=st.floats(0, 0.95),
    exponent=st.floats(1, 5),
)
def test_laws_are_continuous_and_monotone(compute, knee, floor, idle, exponent):
    laws = Laws(
        LawsBlock(
            compute_share=compute,
            knee_share=knee,
            voltage_floor_share=floor,
            idle_share=idle,
            exponent=exponent,
        ),
        1400,
    )
    clocks = np.linspace(400, 1400, 2001)
    time_s = np.array([laws.time_s(one) for one in clocks])
    busy_w = np.array([laws.busy_w(one) for one in clocks])
    assert (np.diff(time_s) <= 1e-15).all()
    assert (np.diff(busy_w) > 0).all()
    assert np.abs(np.diff(np.log(time_s))).max() < 0.01
    assert np.abs(np.diff(np.log(busy_w))).max() < 0.01
    assert laws.time_s(1400) == pytest.approx(laws.block.call_s)
    assert laws.energy_j(700) == pytest.approx(
        laws.gpu_s(700) * laws.busy_w(700) + laws.host_s * laws.block.idle_w
    )


def test_below_the_voltage_floor_power_falls_only_linearly():
    laws = Laws(LawsBlock(p0_w=100, p1_w=200, exponent=3, voltage_floor_share=0.6), 1000)
    assert laws.busy_w(600) == pytest.approx(100 + 200 * 0.6**3)
    assert laws.busy_w(300) == pytest.approx(100 + 200 * 0.6**3 / 2)
    assert laws.busy_w(800) == pytest.approx(100 + 200 * 0.8**3)


def test_an_idle_gpu_hardly_responds_to_the_clock():
    busy, idle = quiet(), quiet(idle_share=0.8)
    stretch = [gpu.true_time_s(510) / gpu.true_time_s(1410) for gpu in (busy, idle)]
    assert stretch[1] - 1 == pytest.approx(0.2 * (stretch[0] - 1))
    assert idle.true_power_w(1410) == pytest.approx(0.2 * busy.true_power_w(1410) + 0.8 * 36)
    reading = idle.measure(lambda: None, 1)
    assert reading.energy_j == pytest.approx(idle.true_energy_j(1410))


def test_workloads_have_laws_of_their_own_and_others_the_gpus():
    block = ClocksBlock(
        simulated=SimulatedBlock(
            **QUIET, workloads={"training": WorkloadBlock(compute_share=1.0), "mine": WorkloadBlock()}
        )
    )
    plugin = plugins.load("clock_backend", "simulated")
    trained, inferred, unknown = (
        open_for(plugin, block, name) for name in ("training", "inference", "other")
    )
    assert trained.true_time_s(705) == pytest.approx(2 * trained.true_time_s(1410))
    assert inferred.true_time_s(705) == unknown.true_time_s(705) == pytest.approx(0.01 * 1.6)
    shipped = SimulatedBlock()
    assert shipped.laws("training").compute_share > shipped.laws("inference").compute_share
    assert shipped.laws("inference") == shipped.laws()


def test_shipped_laws_stay_when_a_study_adds_a_workload():
    block = SimulatedBlock(workloads={"mine": WorkloadBlock(p0_w=10.0)})
    assert set(block.workloads) == {"inference", "training", "mine"}
    assert block.laws("mine") == block.laws().model_copy(update={"p0_w": 10.0})


def test_a_back_end_that_does_not_ask_for_the_workload_is_opened_as_it_is():
    class Plain:
        def open(self, block):
            return block.backend

    assert open_for(Plain(), ClocksBlock(), "training") == "simulated"


def test_the_oracle_has_the_least_true_energy_under_the_limit():
    gpu = quiet(compute_share=0.5)
    for limit in (0.0, 0.03, 0.1, 0.5):
        allowed = [
            one for one in gpu.settings() if gpu.true_time_s(one) <= (1 + limit) * gpu.true_time_s(1410)
        ]
        assert gpu.oracle(limit) == min(allowed, key=gpu.true_energy_j)
    assert gpu.oracle(0.0) == 1410
    assert gpu.oracle(0.5, among=[900, 1200]) in {900, 1200}
    assert gpu.oracle(0.0, among=[900, 1200]) == 1410


def test_a_cold_start_fades_and_is_spent_at_idle_power():
    gpu = quiet(faults=FaultsBlock(cold_factor=3, cold_windows=2))
    first = gpu.measure(lambda: None, 5)
    assert first.time_s == pytest.approx(0.03)
    assert first.energy_j == pytest.approx(0.01 * 300 + 0.02 * 36)
    assert times(gpu, 3) == pytest.approx(0.01 * (1 + 2 * np.exp(-np.array([1, 2, 3]) / 2)))


def test_drift_grows_with_simulated_time():
    gpu = quiet(faults=FaultsBlock(drift_share_per_h=1.0))
    seen = times(gpu, 72)
    assert gpu.elapsed_s == pytest.approx(360, rel=0.02)
    assert seen[0] == 0.01
    assert seen[-1] == pytest.approx(0.0110, rel=0.01)


def test_heat_settles_leaks_and_is_reported():
    heat = HeatBlock(resistance_k_per_w=0.1, time_constant_s=20, leakage_per_k=0.01, laws_at_c=60.0)
    gpu = quiet(heat=heat)
    readings = [gpu.measure(lambda: None, 5) for _ in range(200)]
    temperature = [one.temperature_c for one in readings]
    assert temperature == sorted(temperature)
    settled_w = readings[-1].energy_j / readings[-1].time_s
    assert temperature[-1] == pytest.approx(30 + 0.1 * settled_w, abs=0.01)
    assert settled_w == pytest.approx(300 + 90 * 0.01 * (temperature[-1] - 60), rel=1e-3)
    assert readings[0].energy_j < readings[-1].energy_j
    assert quiet().measure(lambda: None, 5).temperature_c is None


def test_a_hot_gpu_lowers_its_clock_and_says_so():
    heat = HeatBlock(resistance_k_per_w=0.2, time_constant_s=10, throttle_c=70)
    gpu = quiet(heat=heat)
    readings = [gpu.measure(lambda: None, 5) for _ in range(50)]
    assert not readings[0].throttled
    assert readings[-1].throttled
    assert max(one.temperature_c for one in readings) <= 70.001
    assert readings[-1].applied < 1410
    assert readings[-1].time_s == pytest.approx(gpu.true_time_s(readings[-1].applied))


@settings(max_examples=20, deadline=None)
@given(call_s=st.floats(0.7, 60), seed=st.integers(0, 50))
def test_whole_seconds_are_whole_and_within_one_of_the_truth(call_s, seed):
    block = SimulatedBlock(**QUIET, call_s=call_s, faults=FaultsBlock(time_quantum_s=1.0))
    reading = SimulatedClocks(block, seed).measure(lambda: None, min_s=0.1)
    assert reading.time_s == round(reading.time_s)
    assert abs(reading.time_s - call_s) < 1
    assert reading.energy_j / reading.time_s == pytest.approx(300)


def test_coarse_stamps_leave_the_noise_as_it_is():
    exact, coarse = (
        SimulatedBlock(call_s=9.0, faults=FaultsBlock(time_quantum_s=step_s)) for step_s in (0.0, 1.0)
    )
    plan = [1410, 900] * 9
    exact, coarse = (planned_sweep(SimulatedClocks(block, 4), plan, 0.1) for block in (exact, coarse))
    assert coarse["power_w"].to_numpy() == pytest.approx(exact["power_w"].to_numpy())
    assert (coarse["time_s"] - exact["time_s"]).abs().max() < 1


@pytest.mark.parametrize("reads", [True, False])
def test_a_stuck_clock_ignores_the_lock(reads):
    gpu = quiet(faults=FaultsBlock(stuck_mhz=900, reads_applied=reads))
    gpu.lock(1410)
    reading = gpu.measure(lambda: None, 5)
    assert reading.time_s == pytest.approx(gpu.true_time_s(900))
    assert reading.applied == gpu.applied() == (900 if reads else None)


def test_under_a_power_limit_the_gpu_takes_the_largest_clock_that_keeps_it():
    gpu = quiet(knob="power_limit")
    clocks = quiet()
    assert (gpu.knob.name, gpu.settings()[0], gpu.settings()[-1]) == ("power_limit", 100, 400)
    for limit in gpu.settings()[1:]:
        kept = max(one for one in clocks.settings() if clocks.true_power_w(one) <= limit)
        assert gpu.true_time_s(limit) == clocks.true_time_s(kept)
    with pytest.raises(ValueError, match="110 W"):
        gpu.lock(110)
    gpu.lock(200)
    reading = gpu.measure(lambda: None, 5)
    assert (reading.applied, reading.throttled) == (200, False)
    assert reading.energy_j / reading.time_s <= 200


@pytest.mark.parametrize("knob", ["clock", "power_limit"])
def test_a_planned_sweep_is_a_frame_of_runs_and_the_same_for_the_same_seed(knob):
    block = SimulatedBlock(knob=knob, heat=HeatBlock(resistance_k_per_w=0.1))
    plan = [SimulatedClocks(block, 0).settings()[place] for place in (-1, -1, 0, 3, -1, 0, 3)]
    frames = [planned_sweep(SimulatedClocks(block, 9, "training"), plan, 5.0, warm_up=1) for _ in range(2)]
    assert frames[0].equals(frames[1])
    assert tuple(frames[0].columns) == COLUMNS
    assert frames[0]["setting"].tolist() == plan
    assert frames[0]["warm"].tolist() == [False] + [True] * 6
    assert frames[0]["repeat"].tolist() == [1, 1, 1, 1, 2, 2, 2]
    assert set(frames[0]["knob"]) == {knob}


@pytest.mark.parametrize(
    "wrong",
    [
        {"knob": "voltage"},
        {"lowest_limit_w": 400},
        {"limit_step_w": 70},
        {"idle_share": 1.0},
        {"knee_share": 1.0},
        {"steepness": 0.5},
        {"faults": {"cold_factor": 0.5}},
        {"faults": {"stuck_mhz": 511}},
        {"faults": {"cold": 2}},
        {"heat": {"resistance_k_per_w": -0.1}},
        {"heat": {"time_constant_s": 0}},
        {"workloads": {"training": {"compute_share": 2.0}}},
        {"workloads": {"training": {"speed": 2.0}}},
    ],
)
def test_wrong_laws_and_faults_are_refused_when_the_config_is_read(wrong):
    with pytest.raises(ValidationError):
        SimulatedBlock.model_validate(wrong)


def test_every_key_is_described():
    for block in (SimulatedBlock, LawsBlock, WorkloadBlock, HeatBlock, FaultsBlock):
        assert all(field.description for field in block.model_fields.values())
    assert set(WorkloadBlock.model_fields) == set(LawsBlock.model_fields)
