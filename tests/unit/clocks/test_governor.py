"""The governor's promises: dwell, steps, guard, budget, reset; and what it saves on simulated mixes."""

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_clock_driver import Driver, Guarded
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.governing.allocation import allocate, hull_of
from wattshed.clocks.governing.curves import PhaseCurve, curve_of_choice
from wattshed.clocks.governing.governor import Governor
from wattshed.clocks.governing.nvml_sampler import NvmlSampler
from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.governing.reading import Reading
from wattshed.clocks.governing.replayed import planner_of
from wattshed.clocks.governing.run import run_governor
from wattshed.clocks.governing.static import best_static
from wattshed.clocks.phases.rules import RULES
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.foundation.faults import Fault

LEGAL = tuple(range(510, 1411, 15))
TOP = LEGAL[-1]
SHOWN = {
    "compute": {"sm_active_share": 0.9, "tensor_share": 0.4, "dram_share": 0.2},
    "memory": {"sm_active_share": 0.7, "tensor_share": 0.0, "dram_share": 0.7},
    "balanced": {"sm_active_share": 0.8, "tensor_share": 0.2, "dram_share": 0.46},
    "idle": {"sm_active_share": 0.0, "tensor_share": 0.0, "dram_share": 0.0},
    "unknown": {"sm_active_share": float("nan"), "tensor_share": 0.0, "dram_share": 0.0},
}
DEPENDS = {"compute": 0.95, "memory": 0.05, "balanced": 0.5, "idle": 0.0}


def curve(depends, p0_w=80.0, p1_w=220.0):
    shares = [setting / TOP for setting in LEGAL]
    return PhaseCurve(
        LEGAL,
        tuple(depends * (1 / share - 1) for share in shares),
        tuple(p0_w + p1_w * share**2.5 for share in shares),
    )


CURVES = {phase: curve(depends) for phase, depends in DEPENDS.items()}
EVEN = dict.fromkeys(CURVES, 0.25)


def governor(limit=0.05, **keys):
    block = GovernorBlock(**keys)
    return Governor(Planner(CURVES, EVEN, LEGAL, block), RULES["activity"], limit)


def drive(made, phases, throughput=lambda phase, setting: 100.0, window_s=0.3):
    """Decisions over windows of these phases."""
    decisions = []
    for place, phase in enumerate(phases, start=1):
        done = throughput(phase, made.setting)
        decisions.append(made.step(Reading(place * window_s, SHOWN[phase], done)))
    return decisions


def honest(phase, setting):
    """The throughput that the sweeps promise."""
    return 0.0 if phase == "idle" else 100 / (1 + DEPENDS.get(phase, 0) * (TOP / setting - 1))


windows = st.lists(
    st.tuples(st.sampled_from(sorted(SHOWN)), st.integers(1, 40)), min_size=1, max_size=12
).map(lambda runs: [phase for phase, count in runs for _ in range(count)])


class TestStateMachine:
    @settings(max_examples=25)
    @given(phases=windows, dwell_s=st.floats(0.3, 5), steps=st.integers(1, 60), noise=st.randoms())
    def test_dwell_and_steps_hold_except_for_the_guards_return_to_the_maximum(
        self, phases, dwell_s, steps, noise
    ):
        made = governor(dwell_s=dwell_s, most_steps=steps)
        decisions = drive(
            made, phases, lambda phase, setting: honest(phase, setting) * noise.uniform(0.6, 1.1)
        )
        before, changed_at = TOP, None
        for one in decisions:
            assert one.setting in LEGAL
            if one.setting == before:
                continue
            if one.reason in ("guard", "budget"):
                assert one.setting == TOP
            else:
                assert abs(LEGAL.index(one.setting) - LEGAL.index(before)) <= steps
                assert changed_at is None or one.at_s - changed_at >= dwell_s
            before, changed_at = one.setting, one.at_s

    @settings(max_examples=10)
    @given(phases=windows)
    def test_the_same_readings_give_the_same_decisions(self, phases):
        assert drive(governor(), phases, honest) == drive(governor(), phases, honest)

    def test_memory_work_gets_a_low_clock_and_compute_a_high_one_at_once(self):
        made = governor()
        calm = drive(made, ["memory"] * 60, honest)
        low = calm[-1].setting
        assert low < 0.75 * TOP
        later = [
            made.step(Reading(18 + 0.3 * place, SHOWN["compute"], honest("compute", made.setting)))
            for place in range(1, 4)
        ]
        assert later[0].phase == "compute"
        assert later[0].setting > low

    def test_a_lower_clock_needs_more_windows_than_a_higher_one(self):
        made = governor(hysteresis_windows=4)
        drive(made, ["compute"] * 30, honest)
        assert [one.phase for one in drive(made, ["idle"] * 4, honest)] == ["compute"] * 3 + ["idle"]

    def test_a_phase_that_was_not_swept_and_an_unknown_one_run_at_the_maximum(self):
        made = Governor(
            Planner({"memory": CURVES["memory"]}, {"memory": 1.0}, LEGAL, GovernorBlock()),
            RULES["activity"],
            0.05,
        )
        decisions = drive(made, ["memory"] * 40 + ["compute"] * 20 + ["unknown"] * 20, honest)
        assert decisions[39].setting < TOP
        assert decisions[59].setting == decisions[79].setting == TOP

    def test_the_guard_brings_the_maximum_back_within_a_window_and_never_lets_the_clock_that_low_again(self):
        made = governor(limit=0.5, guard_share=0.2)

        def collapsing(phase, setting):
            return 100.0 if setting == TOP else 50.0

        decisions = drive(made, ["memory"] * 200, collapsing)
        reasons = [one.reason for one in decisions]
        fired = reasons.index("guard")
        assert decisions[fired].setting == TOP
        low = decisions[fired - 1].setting
        assert all(one.setting > low for one in decisions[fired:])

    def test_what_is_slower_than_swept_is_found_out_and_the_limit_kept(self):
        made, spent, done = governor(limit=0.05), 0.0, 0.0

        def steeper(phase, setting):
            return 100 / (1 + 0.6 * (TOP / setting - 1))

        for place in range(1, 2001):
            rate = steeper("memory", made.setting)
            spent, done = spent + 0.3, done + 0.3 * rate / 100
            made.step(Reading(place * 0.3, SHOWN["memory"], rate))
        assert 1 < spent / done <= 1.05

    def test_without_throughput_the_sweeps_keep_the_account(self):
        made = governor()
        decisions = drive(made, ["compute"] * 400, lambda *_: None)
        assert "probe" not in {one.reason for one in decisions}
        slowest = min(one.setting for one in decisions)
        assert DEPENDS["compute"] * (TOP / slowest - 1) < 0.15
        assert made.account.lost_s <= 0.05 * made.account.elapsed_s

    def test_flicker_gets_one_clock_for_all(self):
        made = governor()
        decisions = drive(made, ["compute", "memory"] * 200, honest)
        held = {one.setting for one in decisions[100:]}
        assert len(held) <= 3
        assert "unsettled" in {one.reason for one in decisions}


class TestAllocation:
    def test_it_is_the_optimum_of_the_relaxed_choice(self):
        choices = [
            [(10.0, 100.0, 3), (11.0, 80.0, 2), (13.0, 75.0, 1)],
            [(20.0, 300.0, 3), (21.0, 270.0, 2), (24.0, 200.0, 1)],
        ]
        for allowed_s in (30.0, 30.5, 31.0, 32.0, 34.0, 36.0, 60.0):
            best = allocate(choices, allowed_s)
            assert best.time_s <= allowed_s + 1e-9
            whole = [
                sum(point[1] for point in pick)
                for pick in product(*choices)
                if sum(point[0] for point in pick) <= allowed_s
            ]
            assert best.energy_j <= min(whole) + 1e-9
            # A grid over the split of each phase between all of its points comes no lower.
            assert best.energy_j == pytest.approx(min(_split(choices, allowed_s)), rel=2e-2)

    @given(st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=1, max_size=12))
    def test_the_hull_is_convex_and_below_all_points(self, points):
        hull = hull_of([(time, energy, place) for place, (time, energy) in enumerate(points)])
        assert hull[0][0] == min(time for time, _ in points)
        assert hull[-1][1] == min(energy for _, energy in points)
        assert all(left[0] < right[0] and left[1] > right[1] for left, right in pairwise(hull))

    def test_a_static_clock_keeps_the_limit_by_the_sweeps(self):
        setting = best_static(CURVES, EVEN, LEGAL, 0.05)
        expected = sum(0.25 * CURVES[phase].slowdown_at(setting) for phase in CURVES)
        lower = LEGAL[LEGAL.index(setting) - 1]
        assert expected <= 0.05 < sum(0.25 * CURVES[phase].slowdown_at(lower) for phase in CURVES)

    def test_a_phase_without_a_sweep_counts_as_wholly_slowed(self):
        setting = best_static({"memory": CURVES["memory"]}, {"memory": 0.5, "compute": 0.5}, LEGAL, 0.05)
        assert 0.5 * (TOP / setting - 1) <= 0.05


def _split(choices, allowed_s, steps=40):
    """Energies of all splits of two phases between pairs of their points, on a grid."""
    for first, second in product(
        *([(a, b, k / steps) for a in points for b in points for k in range(steps + 1)] for points in choices)
    ):
        mixed = [(a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])) for a, b, part in (first, second)]
        if mixed[0][0] + mixed[1][0] <= allowed_s:
            yield mixed[0][1] + mixed[1][1]


class TestCurves:
    def test_a_choice_document_becomes_a_curve(self):
        choice = {
            "status": "use",
            "workload": "memory",
            "maximum": 1410,
            "baseline_time_s": 2.0,
            "baseline_energy_j": 600.0,
            "fitted": [
                {"setting": 1005, "slowdown_share": 0.02, "saving_share": 0.2},
                {"setting": 1200, "slowdown_share": 0.03, "saving_share": 0.1},
            ],
        }
        found = curve_of_choice(choice)
        assert found.settings == (1005, 1200, 1410)
        # A lower clock is never faster than a higher one.
        assert found.slowdown == (0.03, 0.03, 0.0)
        assert found.power_at(1410) == 300
        assert found.power_at(1005) == pytest.approx(300 * 0.8 / 1.02)

    @pytest.mark.parametrize("wrong", [{"status": "refused"}, {"status": "keep", "fitted": []}])
    def test_a_refused_choice_is_refused_here_too(self, wrong):
        with pytest.raises(Fault, match="sweep this phase again"):
            curve_of_choice({"workload": "memory", **wrong})


class FakeSampler:
    """Windows that a test wrote; it fails where it is told to."""

    columns = ("gpu_busy_share", "memory_busy_share", "sm_active_share", "tensor_share", "dram_share")

    def __init__(self, phases, fails_at=None):
        self._phases, self._fails_at, self._place = phases, fails_at, 0

    def next_window(self):
        if self._place == self._fails_at:
            raise KeyboardInterrupt
        if self._place == len(self._phases):
            return None
        self._place += 1
        return Reading(0.3 * self._place, SHOWN[self._phases[self._place - 1]], None)


class WatchedClocks(SimulatedClocks):
    def __init__(self):
        super().__init__(SimulatedBlock(), 0)
        self.locked, self.resets = [], 0

    def lock(self, setting):
        self.locked.append(setting)
        super().lock(setting)

    def reset(self):
        self.resets += 1
        super().reset()


class TestBackends:
    def planner(self, **keys):
        return Planner(CURVES, EVEN, LEGAL, GovernorBlock(**keys))

    def test_clocks_follow_phases_and_are_reset(self):
        clocks = WatchedClocks()
        steps = run_governor(clocks, FakeSampler(["memory"] * 30 + ["compute"] * 30), self.planner(), 0.05)
        assert len(steps) == 60
        assert min(clocks.locked) < 0.75 * TOP
        assert clocks.locked[0] == TOP
        assert clocks.resets == 1
        assert clocks.applied() == TOP
        assert [step.applied for step in steps] == [step.decision.setting for step in steps]

    def test_the_clock_is_reset_after_an_interruption(self):
        clocks = WatchedClocks()
        with pytest.raises(KeyboardInterrupt):
            run_governor(clocks, FakeSampler(["memory"] * 60, fails_at=40), self.planner(), 0.05)
        assert clocks.locked[-1] < TOP
        assert clocks.resets == 1

    def test_a_plan_for_other_clocks_is_refused_before_one_is_locked(self):
        clocks = WatchedClocks()
        planner = Planner({}, {}, (500, 1000), GovernorBlock())
        with pytest.raises(Fault, match="sweep it first"):
            run_governor(clocks, FakeSampler([]), planner, 0.05)
        assert clocks.locked == []

    def test_a_replayed_sweep_cannot_be_governed(self, recorded_csv):
        from wattshed.clocks.backends.replay import BACKEND

        replay = ReplayBlock(path=str(recorded_csv), gpu="a100", workload="llama")
        backend = BACKEND.open(ClocksBlock(backend="replay", replay=replay))
        with pytest.raises(Fault, match="replays a recorded sweep"):
            run_governor(backend, FakeSampler([]), self.planner(), 0.05)

    def test_nvml_alone_is_refused_for_the_rules_that_need_dcgm(self, tmp_path):
        driver = Driver()
        sampler = NvmlSampler(0, 0.3, lambda: False, nvml=driver.module)
        clocks = opened(driver, tmp_path)
        with pytest.raises(Fault, match=r"sm_active_share \(DCGM field 1002; nvidia-smi and NVML have no SM"):
            run_governor(clocks, sampler, self.planner(), 0.05)
        assert "nvmlDeviceSetGpuLockedClocks" not in driver.calls

    def test_nvml_is_governed_by_utilisation_and_given_back(self, tmp_path):
        driver, time_s = Driver(), [0.0]

        def sleep(seconds):
            time_s[0] += seconds

        sampler = NvmlSampler(
            0, 0.3, lambda: time_s[0] < 40, nvml=driver.module, sleep=sleep, clock=lambda: time_s[0]
        )
        clocks = opened(driver, tmp_path)
        block = GovernorBlock(rule="utilisation", settings={"memory": 510})
        steps = run_governor(clocks, sampler, planner_of(block, clocks.settings()), 0.05)
        assert {step.decision.phase for step in steps} == {"memory"}
        assert steps[-1].applied == 510
        assert driver.locked is None

    @pytest.mark.parametrize("call", ["nvmlDeviceGetHandleByIndex", "nvmlShutdown"])
    def test_a_sampler_that_cannot_begin_is_one_sentence(self, call):
        lost = Driver(nvmlDeviceGetUtilizationRates=15, **{call: 15})
        with pytest.raises(
            Fault, match=r"GPU 0 does not tell how busy it is \(GPU is lost\): expected an answer"
        ):
            NvmlSampler(0, 0.3, lambda: True, nvml=lost.module)

    def test_steps_before_a_lost_gpu_are_kept_and_the_clock_is_given_back(self, tmp_path):
        driver, time_s, steps = Driver(), [0.0], []

        def sleep(seconds):
            time_s[0] += seconds
            if time_s[0] > 1:
                driver.faults["nvmlDeviceGetUtilizationRates"] = 15

        sampler = NvmlSampler(0, 0.3, lambda: True, nvml=driver.module, sleep=sleep, clock=lambda: time_s[0])
        clocks = opened(driver, tmp_path)
        block = GovernorBlock(rule="utilisation", settings={"memory": 510})
        with pytest.raises(Fault, match="GPU 0 does not tell how busy it is"):
            run_governor(clocks, sampler, planner_of(block, clocks.settings()), 0.05, steps)
        # The third window was not whole.
        assert len(steps) == 2
        assert driver.locked is None
        driver.faults["nvmlShutdown"] = 1
        sampler.close()


def opened(driver, tmp_path):
    return NvmlClocks(
        NvmlBlock(settle_s=0),
        nvml=driver.module,
        sleep=lambda _: None,
        notes=tmp_path / "notes",
        guard=Guarded,
    )
