"""Recommendations are recomputed from raw rows; a wrong or forged one fails."""

import ast
import copy
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clock_choices import made_choice, made_sweep
from wattshed.clocks.validating.contrasts import Contrasts
from wattshed.clocks.validating.raw_rows import raw_rows
from wattshed.clocks.validating.validate import validate
from wattshed.foundation.faults import Fault

SETTING = 990
OTHER = 1110


@pytest.fixture(scope="module")
def frame():
    return made_sweep()


@pytest.fixture
def choice(frame):
    return made_choice(frame, SETTING)


def names(checks):
    return {check.name for check in checks}


def test_an_honest_recommendation_passes_every_check(frame, choice):
    found = validate(choice, frame)
    assert (found.result, names(found.failures), names(found.warnings)) == ("pass", set(), set())
    assert found.method == "curve"
    assert found.saving_share == pytest.approx(choice["saving_share"], abs=0.02)
    assert found.slowdown_share == pytest.approx(choice["slowdown_share"], abs=0.02)
    json.dumps(found.to_json(), allow_nan=False)


def test_the_validator_shares_no_code_with_the_choice(root):
    allowed = (
        "wattshed.clocks.runs",
        "wattshed.clocks.validating",
        "wattshed.foundation",
        "wattshed.statistics",
    )
    for file in (root / "workflow/lib/wattshed/clocks/validating").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wattshed"):
                assert node.module.startswith(allowed), f"{file.name} imports {node.module}"


FORGERIES = {
    "status": ("best", "document"),
    "unit": ("GHz", "document"),
    "verdict": ("use 1410 MHz", "one answer"),
    "candidate": (OTHER, "one answer"),
    "candidate_repeats": (9, "repeats"),
    "setting": (OTHER, "one answer"),
    "maximum": (1500, "maximum"),
    "baseline_settings": ([SETTING], "baseline at the maximum"),
    "baseline_repeats": (6, "baseline repeats"),
    "baseline_time_s": (70.0, "baseline time"),
    "baseline_energy_j": (21_000.0, "baseline energy"),
    "saving_share": (0.5, "stated saving"),
    "saving_low": (0.4, "stated saving interval"),
    "saving_high": (0.9, "stated saving interval"),
    "slowdown_share": (0.0, "stated slowdown"),
    "slowdown_low": (-0.4, "stated slowdown interval"),
    "slowdown_high": (0.5, "stated slowdown interval"),
}


@pytest.mark.parametrize("key", FORGERIES)
def test_a_forged_field_fails(frame, choice, key):
    value, check = FORGERIES[key]
    choice[key] = value
    found = validate(choice, frame)
    if key == "status":
        assert found.result == "fail"
    assert check in names(found.failures)


@pytest.mark.parametrize("key", FORGERIES)
def test_a_field_of_another_kind_never_passes(frame, choice, key):
    for value in (None, float("nan"), float("inf"), "much", [], {}, True, -1):
        assert validate(choice | {key: value}, frame).result != "pass", value


@pytest.mark.parametrize("key", FORGERIES)
def test_a_missing_field_never_passes(frame, choice, key):
    del choice[key]
    assert validate(choice, frame).result != "pass"


@pytest.mark.parametrize("key", ["gpu", "gpu_uuid", "workload", "knob"])
def test_a_recommendation_for_what_was_not_recorded_is_not_judged(frame, choice, key):
    choice[key] = "other"
    found = validate(choice, frame)
    assert (found.result, found.checks) == ("not judged", ())


@pytest.mark.parametrize(
    "limits", [None, {}, {"max_slowdown_share": 2.0}, {"max_slowdown_share": 0.1, "lowest_share": -1}]
)
def test_limits_that_are_not_limits_fail(frame, choice, limits):
    choice["limits"] = limits
    assert "document" in names(validate(choice, frame).failures)


def test_a_widened_limit_fails_against_what_was_asked(frame, choice):
    asked = {"max_slowdown_share": 0.05, "lowest_share": None}
    assert "asked limits" in names(validate(choice, frame, asked=asked).failures)
    assert validate(choice, frame, asked={"max_slowdown_share": 0.15}).result == "pass"


def test_a_setting_beyond_the_limit_fails_by_the_rows_whatever_is_stated(frame):
    choice = made_choice(frame, SETTING, limit=0.05)
    choice |= {"slowdown_share": 0.03, "slowdown_low": 0.02, "slowdown_high": 0.04}
    failed = names(validate(choice, frame).failures)
    assert {"slowdown", "slowdown interval", "stated slowdown"} <= failed


def test_a_setting_outside_the_band_fails(frame, choice):
    choice["limits"] |= {"lowest_share": 0.85}
    assert names(validate(choice, frame).failures) == {"band"}


def test_a_setting_that_the_gpu_does_not_have_fails(frame, choice):
    legal = [one for one in range(810, 1411, 60) if one != SETTING]
    assert "legal setting" in names(validate(choice, frame, legal=legal).failures)
    assert validate(choice, frame, legal=range(810, 1411, 15)).result == "pass"


def test_a_saving_below_the_least_one_fails(frame, choice):
    choice["limits"] |= {"least_saving_share": 0.6}
    assert "least saving" in names(validate(choice, frame).failures)


def test_a_cold_first_run_in_the_baseline_fails(frame, choice):
    damaged = frame.copy()
    damaged["warm"] = True
    choice |= {"baseline_time_s": float(damaged.loc[damaged.setting == 1410, "time_s"].median())}
    assert "baseline not cold" in names(validate(choice, damaged).failures)


@pytest.mark.parametrize("spoil", [{"throttled": True}, {"applied": 1410}, {"warm": False}])
def test_rows_that_do_not_count_are_not_used(frame, choice, spoil):
    damaged = frame.copy()
    at = damaged.index[damaged["setting"] == SETTING][:3]
    for column, value in spoil.items():
        damaged.loc[at, column] = value
    found = {check.name: check for check in validate(choice, damaged).checks}["repeats"]
    assert not found.passed
    assert found.found.startswith("2 rows")


def test_a_baseline_of_two_runs_fails(frame, choice):
    keep = (frame["setting"] != 1410) | (frame["repeat"] <= 2)
    assert "baseline repeats" in names(validate(choice, frame[keep]).failures)


def test_faster_at_a_lower_setting_beyond_noise_fails(frame, choice):
    damaged = frame.copy()
    damaged.loc[damaged["setting"] <= 1110, "time_s"] *= 0.7
    damaged.loc[damaged["setting"] <= 1110, "energy_j"] *= 0.7
    assert "monotone time" in names(validate(made_choice(damaged, SETTING), damaged).failures)


def test_an_implausible_saving_fails_within_the_calibrated_limit_and_warns_beyond(frame):
    frame = made_sweep(compute=0.02, idle_w=20, exponent=3)
    strict, loose = (validate(made_choice(frame, SETTING, limit), frame) for limit in (0.05, 0.15))
    assert "plausible" in names(strict.failures)
    assert (loose.result, names(loose.warnings)) == ("pass", {"plausible"})


def test_a_sweep_from_one_end_to_the_other_passes_with_a_warning():
    frame = made_sweep(ordered=True, settings=tuple(range(810, 1411, 15)), repeats=3)
    settled = frame[frame["order"] >= 15].assign(warm=True)
    choice = made_choice(frame, SETTING)
    base = settled[settled["setting"] >= 0.93 * 1410]
    choice |= {
        "baseline_settings": sorted(int(one) for one in base["setting"].unique()),
        "baseline_repeats": len(base),
        "baseline_time_s": float(base["time_s"].median()),
        "baseline_energy_j": float(base["energy_j"].median()),
        "saving_share": 1 - 0.93 * (1 - choice["saving_share"]) / 0.93,
    }
    found = validate(choice, frame)
    assert (found.method, names(found.warnings)) == ("neighbours", {"interleaved"})
    assert found.slowdown_share < choice["slowdown_share"] + 0.02


def test_no_saving_at_all_fails():
    frame = made_sweep(compute=0.1, exponent=0.05)
    choice = made_choice(frame, SETTING)
    choice |= {"saving_share": 0.1, "saving_low": 0.05, "saving_high": 0.15}
    assert {"saving interval", "stated saving"} <= names(validate(choice, frame).failures)


@pytest.mark.parametrize(
    ("status", "result"), [("keep", "pass"), ("refused", "not judged"), ("doubtful", "not judged")]
)
def test_other_answers_stay_at_the_maximum(frame, status, result):
    choice = made_choice(frame, SETTING, status=status)
    assert validate(choice, frame).result == result
    choice["setting"] = SETTING
    assert names(validate(choice, frame).failures) == {"runs at the maximum"}


def test_keeping_the_maximum_beside_a_setting_that_passes_is_too_careful(frame):
    found = validate(made_choice(frame, SETTING, status="keep"), frame)
    assert names(found.warnings) == {"not too careful"}
    none = made_sweep(exponent=0.05, compute=0.9)
    assert names(validate(made_choice(none, SETTING, status="keep"), none).warnings) == set()


def test_cells_do_not_mix(frame):
    other = made_sweep(seed=1, workload="vit", compute=0.9)
    both = pd.concat([frame, other])
    choices = [made_choice(frame, SETTING), made_choice(other, SETTING)]
    found = [validate(choice, both) for choice in choices]
    assert [one.result for one in found] == ["pass", "fail"]


def test_a_gpu_without_uuid_and_a_power_limit():
    frame = made_sweep(gpu_uuid=None, knob="power_limit", settings=tuple(range(150, 301, 15)))
    assert validate(made_choice(frame, 240), frame).result == "pass"


def test_a_table_of_something_else_is_refused(choice):
    with pytest.raises(Fault, match="has no column"):
        validate(choice, pd.DataFrame({"setting": [1]}))


def test_rows_without_sound_numbers_are_not_judged(frame, choice):
    damaged = frame.assign(time_s=np.nan)
    assert validate(choice, damaged).result == "not judged"


def test_one_disturbed_run_does_not_move_the_neighbours_method():
    frame = made_sweep(ordered=True, settings=tuple(range(810, 1411, 15)), repeats=3, noise=0.005)
    disturbed = frame.copy()
    place = disturbed.index[disturbed["setting"] == SETTING][1]
    disturbed.loc[place, ["time_s", "energy_j"]] *= 3
    clean, dirty = (Contrasts(raw_rows(one)).at(SETTING, "time_s").share for one in (frame, disturbed))
    assert dirty == pytest.approx(clean, abs=0.01)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_contrasts_do_not_depend_on_units(seed, factor):
    frame = made_sweep(seed=seed, repeats=3)
    scaled = frame.assign(time_s=frame["time_s"] * factor)
    one, other = (Contrasts(raw_rows(table)).at(SETTING, "time_s") for table in (frame, scaled))
    assert other.share == pytest.approx(one.share, abs=1e-9)
    assert one.low <= one.share <= one.high


def test_a_document_is_not_changed_by_its_validation(frame, choice):
    before = copy.deepcopy(choice)
    validate(choice, frame)
    assert choice == before
