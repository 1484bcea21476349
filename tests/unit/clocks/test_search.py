"""The search is a function of its rows: what it asks for, in which order, and why it ends."""

from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from pydantic import ValidationError

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.runs import COLUMNS, TYPES
from wattshed.clocks.sweeping.plan import first_plan
from wattshed.clocks.sweeping.search import next_settings, standing
from wattshed.clocks.sweeping.stopping import spent, windows_allowed
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.search import SearchBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.foundation.faults import Fault

EMPTY = pd.DataFrame(columns=list(COLUMNS)).astype(TYPES)


def block_of(seed=0, laws=None, slowdown=0.05, points=8, **search):
    simulated = SimulatedBlock(**{"noise_cv": 0.03, **(laws or {})})
    return ClocksBlock(
        simulated=simulated, seed=seed, points=points, max_slowdown_share=slowdown, search=search
    )


def searched(block, most=400):
    """All rows of a search that is asked again after each step, and why it ended."""
    gpu, rows, reason = SimulatedClocks(block.simulated, block.seed), [], None
    for _ in range(most):
        step = next_settings(frame_of(rows), gpu.settings(), block)
        if step.stop is not None:
            assert step.settings == ()
            reason = step.stop
            break
        assert step.settings
        for setting in step.settings:
            rows.append(window(gpu, setting, len(rows) + 1, block))
    return frame_of(rows), gpu.settings(), reason


def window(gpu, setting, order, block):
    gpu.lock(setting)
    reading = gpu.measure(lambda: None, block.min_point_s)
    return {
        "backend": gpu.name,
        "label": gpu.label,
        "gpu": gpu.gpu,
        "gpu_uuid": None,
        "workload": "drawn",
        "knob": gpu.knob.name,
        "setting": setting,
        "applied": reading.applied,
        "repeat": order,
        "order": order,
        "warm": order > block.warm_up_repeats,
        "time_s": reading.time_s,
        "energy_j": reading.energy_j,
        "power_w": reading.energy_j / reading.time_s,
        "energy_by": reading.energy_by,
        "throttled": reading.throttled,
        "temperature_c": reading.temperature_c,
    }


def frame_of(rows):
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(TYPES)


@pytest.fixture(scope="module")
def searched_once():
    return searched(block_of(seed=3))


# --- the plan -------------------------------------------------------------------------------------------


def test_it_begins_with_the_warm_up_and_coarse_rounds():
    block = block_of()
    step = next_settings(EMPTY, tuple(range(510, 1411, 15)), block)
    assert step.stop is None
    assert step.settings == tuple(first_plan(tuple(range(510, 1411, 15)), block))
    assert step.settings[:2] == (1410, 1410)
    assert len(set(step.settings)) == 8
    counts = Counter(step.settings)
    assert all(count == 2 for setting, count in counts.items() if setting != 1410)


def test_the_order_is_neither_rising_nor_falling(searched_once):
    frame, _, _ = searched_once
    block = block_of()
    steps = frame["setting"].diff().dropna()
    assert 0.25 < (steps > 0).mean() < 0.75
    assert first_plan((1, 2, 3, 4, 5, 6), block) != first_plan((1, 2, 3, 4, 5, 6), block_of(seed=1))


def test_the_reference_is_measured_again_and_again(searched_once):
    frame, legal, _ = searched_once
    places = frame.index[frame["setting"] == legal[-1]].to_list()
    size = block_of().search.step_windows
    assert max(b - a for a, b in pairwise(places)) <= 2 * size
    assert len(places) >= 0.2 * len(frame)


def test_refinement_leaves_most_settings_out_and_measures_the_best_one_often(searched_once):
    frame, legal, reason = searched_once
    assert reason.startswith(("interval narrow enough", "budget spent"))
    assert frame["setting"].nunique() < 0.5 * len(legal)
    best = standing(frame, legal, block_of(seed=3)).setting
    assert (frame["setting"] == best).sum() >= 3


# --- determinism and resuming ---------------------------------------------------------------------------


def test_every_prefix_of_the_rows_asks_for_what_followed(searched_once):
    frame, legal, _ = searched_once
    block = block_of(seed=3)
    measured = frame["setting"].tolist()
    for done in range(0, len(frame), 3):
        step = next_settings(frame.iloc[:done], legal, block)
        assert step.stop is None
        assert list(step.settings) == measured[done : done + len(step.settings)]


def test_the_rows_are_not_changed(searched_once):
    frame, legal, _ = searched_once
    before = frame.copy(deep=True)
    next_settings(frame, legal, block_of(seed=3))
    pd.testing.assert_frame_equal(frame, before)


def test_the_engine_measures_what_the_search_asks_for(searched_once):
    frame, _, _ = searched_once
    block = block_of(seed=3)
    swept = run_sweep(SimulatedClocks(block.simulated, 3), lambda: None, block)
    assert swept["setting"].tolist() == frame["setting"].tolist()


# --- the end --------------------------------------------------------------------------------------------


def test_less_noise_ends_the_search_sooner():
    quiet, _, reason = searched(block_of(laws={"noise_cv": 0.002}))
    assert reason.startswith("interval narrow enough")
    assert "MHz" in reason
    assert len(quiet) < len(searched(block_of(laws={"noise_cv": 0.04}))[0])


@pytest.mark.parametrize(("most", "seed"), [(20, 1), (21, 2), (26, 3), (33, 4)])
def test_never_more_windows_than_allowed(most, seed):
    frame, _, reason = searched(block_of(seed=seed, most_windows=most, target_regret_share=0.0001))
    assert len(frame) == most
    assert f"budget spent: {most} of at most {most} windows; with 95% certainty" in reason


@pytest.mark.parametrize(("key", "most"), [("most_s", 180.0), ("most_j", 40_000.0), ("most_s", 30.0)])
def test_never_more_seconds_or_joules_than_allowed(key, most):
    block = block_of(laws={"call_s": 1.3}, target_regret_share=0.0001, **{key: most})
    frame, legal, reason = searched(block)
    so_far = spent(frame, block.min_point_s)
    used = so_far.seconds if key == "most_s" else so_far.joules
    assert 0.6 * most < used <= most
    assert "budget spent" in reason
    for done in range(len(frame)):
        step = next_settings(frame.iloc[:done], legal, block)
        assert step.settings[0] == frame["setting"].iloc[done]


def test_a_window_of_long_calls_costs_whole_calls():
    frame = frame_of([]).reindex(range(2)).assign(time_s=[2.0, 9.0], energy_j=[10.0, 100.0])
    assert spent(frame, 5.0) == spent(frame.iloc[::-1], 5.0)
    assert (spent(frame, 5.0).seconds, spent(frame, 5.0).joules) == (3 * 2.0 + 9.0, 3 * 10.0 + 100.0)


def test_few_legal_settings_are_not_measured_more_often_than_a_full_sweep_would():
    laws = {"minimum_mhz": 600, "maximum_mhz": 1400, "step_mhz": 400}
    block = block_of(laws=laws, slowdown=0.2558, target_regret_share=0.0001)
    frame, legal, reason = searched(block)
    assert legal == (600, 1000, 1400)
    assert windows_allowed(legal, block) == 1 + 5 * 4 + 1
    assert len(frame) == 22, reason


def test_one_legal_setting_leaves_nothing_to_choose():
    step = next_settings(EMPTY, (1410,), block_of())
    assert (step.settings, step.stop) == ((), "nothing to choose: 1410 is the only legal setting")


def test_a_limit_of_zero_ends_after_the_coarse_rounds():
    block = block_of(slowdown=0)
    frame, legal, reason = searched(block)
    assert "only the maximum can be chosen" in reason
    assert len(frame) == len(first_plan(legal, block))
    assert standing(frame, legal, block).setting == 1410


def test_a_band_without_a_setting_ends_the_search(searched_once):
    frame, legal, _ = searched_once
    step = next_settings(frame.iloc[:20], legal, block_of(seed=3), Limits(0.05, lowest_share=0.995))
    assert "the band" in step.stop


def test_the_band_holds():
    block = block_of(laws={"compute_share": 0.1}, slowdown=0.14)
    frame, legal, _ = searched(block)
    assert standing(frame, legal, block).setting < 0.8 * 1410
    assert (
        standing(frame, legal, block, Limits(0.14, lowest_share=0.8, highest_share=0.95)).setting
        >= 0.8 * 1410
    )


def test_a_maximum_that_never_counts_is_said():
    block = block_of()
    frame, legal, _ = searched(block)
    frame["throttled"] = frame["setting"] == 1410
    step = next_settings(frame.iloc[: len(first_plan(legal, block))], legal, block)
    assert step.stop == "nothing to compare with: no window at the maximum 1410 counts"
    with pytest.raises(Fault, match="no window at the maximum 1410 counts"):
        standing(frame, legal, block)


def test_a_best_setting_at_the_maximum_is_found():
    """Constant power alone: every lower clock costs more."""
    block = block_of(laws={"compute_share": 0.9, "p0_w": 300, "p1_w": 5})
    frame, legal, reason = searched(block)
    assert standing(frame, legal, block).setting == 1410
    assert reason.startswith("interval narrow enough")


@pytest.mark.parametrize("kind", ["clock", "power_limit"])
def test_flat_and_then_steep_work_is_found_within_the_limit(kind):
    laws = {"compute_share": 0.1, "knee_share": 0.7, "noise_cv": 0.01, "knob": kind}
    block = block_of(laws=laws)
    frame, legal, _ = searched(block)
    gpu = SimulatedClocks(block.simulated, 0)
    found = standing(frame, legal, block).setting
    assert gpu.true_time_s(found) <= 1.05 * gpu.true_time_s(legal[-1])
    assert gpu.true_energy_j(found) <= 1.05 * gpu.true_energy_j(gpu.oracle(0.05))


# --- the full plan --------------------------------------------------------------------------------------


def test_full_measures_the_plan_and_ends():
    block = ClocksBlock(points=5, repeats=3, search={"kind": "full"})
    frame, _, reason = searched(block)
    assert len(frame) == 1 + 3 * 6 + 1
    assert reason == f"nothing left: all {len(frame)} planned windows were measured"


# --- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legal", [(), (0, 1410), (-15, 1410)])
def test_legal_settings_must_exist(legal):
    with pytest.raises(Fault, match="legal settings"):
        next_settings(EMPTY, legal, block_of())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"setting": 777}, "777, which is not legal"),
        ({"time_s": float("nan")}, "window 1 of the sweep so far has time_s nan"),
        ({"energy_j": 0.0}, "energy_j 0.0"),
        ({"power_w": float("inf")}, "power_w inf"),
    ],
)
def test_rows_that_were_not_measured_are_named(searched_once, change, words):
    frame, legal, _ = searched_once
    with pytest.raises(Fault, match=words):
        next_settings(frame.iloc[:20].assign(**change), legal, block_of())


def test_rows_of_two_sweeps_and_foreign_tables_are_refused(searched_once):
    frame, legal, _ = searched_once
    mixed = frame.iloc[:20].assign(workload=["a", *["b"] * 19])
    with pytest.raises(Fault, match="mixes GPUs, workloads or knobs"):
        next_settings(mixed, legal, block_of())
    with pytest.raises(Fault, match="no column energy_j"):
        next_settings(frame.drop(columns="energy_j"), legal, block_of())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"search": {"kind": "golden"}}, "refine"),
        ({"search": {"kind": "full", "step_windows": 8}}, "step_windows is 8, which only refine uses"),
        ({"search": {"kind": "full", "most_windows": 20}}, "most_windows is 20"),
        ({"search": {"most_windows": 27}}, "take 28"),
        ({"search": {"target_regret_share": 0}}, "target_regret_share"),
        ({"search": {"most_s": 0}}, "most_s"),
        ({"search": {"most_j": -1}}, "most_j"),
        ({"search": {"step_windows": 1}}, "step_windows"),
        ({"search": {"windows": 5}}, "windows"),
    ],
)
def test_contradictions_are_refused_when_read(wrong, words):
    with pytest.raises(ValidationError, match=words):
        ClocksBlock.model_validate(wrong)


def test_a_block_survives_being_written_with_all_its_defaults():
    for block in (ClocksBlock(), ClocksBlock(search={"kind": "full"})):
        assert ClocksBlock.model_validate(block.model_dump()) == block
    assert all(field.description for field in SearchBlock.model_fields.values())
