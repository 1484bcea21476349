"""Fits of a calibration recover what made the points."""

import json
import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from wattshed.calibration.fits.joint import fit_parts, sum_time_s
from wattshed.calibration.fits.laws_of_kinds import fit_laws
from wattshed.calibration.fits.points import KernelPoint, StepPoint
from wattshed.calibration.fits.step_terms import fit_step_terms, kernels_s, left_out_errors, refit
from wattshed.calibration.power import PowerPoint, powers_of
from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.efficiency.linear import lane_share
from wattshed.law.operations import products, recurrences, updates
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.operations.tokens import TokenSizes, token_training_step
from wattshed.law.profile.device_profile import TimeLaw

FLOP_S = 5e-11


def linear_points(count=24):
    random = Random(0)
    found = []
    for number in range(count):
        rows, inner, columns = (2 ** random.randint(2, 9) for _ in range(3))
        operation = products.linear(rows, inner, columns)
        time_s = 4e-6 + FLOP_S * operation.flops
        found.append(KernelPoint("linear", str(number % 5), Direction.FORWARD, (operation,), time_s, 9))
    return found


def layers(count, outlier=1.0, page_byte_s=0.0):
    random = Random(3)
    parts, times = [], []
    for number in range(count):
        sizes = (
            random.randint(1, 200),
            random.choice((6, 24, 96)),
            random.randint(2, 200),
            random.randint(4, 200),
        )
        made = (
            recurrences.input_gates("lstm", *sizes),
            recurrences.hidden_gates("lstm", sizes[0], sizes[1], sizes[3]),
            recurrences.gate_elements("lstm", sizes[0], sizes[1], sizes[3]),
        )
        parts.append(made)
        time_s = (
            2e-5 + 3e-6 * sizes[1] + 2e-11 * made[0].flops + 6e-11 * made[1].flops + 4e-10 * made[2].flops
        )
        if made[2].bytes_moved * lane_share(sizes[3]) > 4e7:
            time_s += page_byte_s * made[2].bytes_moved * lane_share(sizes[3])
        times.append(time_s * (outlier if number == 7 else 1.0))
    return parts, np.array(times), [str(number % 6) for number in range(count)]


def test_parts_of_a_layer_are_told_apart_by_its_whole_time():
    parts, times, groups = layers(60)
    laws = fit_parts(parts, times, groups, "lstm forward")
    assert laws[0].coefficients["flop_s"] == pytest.approx(2e-11, rel=0.02)
    assert laws[1].coefficients["step_s"] == pytest.approx(3e-6, rel=0.02)
    assert laws[2].coefficients["flop_s"] == pytest.approx(4e-10, rel=0.05)
    assert all(law.error_share < 0.02 and law.points == 60 for law in laws)
    assert sum_time_s(laws, parts[0]) == pytest.approx(times[0], rel=0.02)
    # A single interrupted measurement changes little.
    disturbed = fit_parts(parts, layers(60, outlier=20.0)[1], groups, "lstm forward")
    assert sum_time_s(disturbed, parts[0]) == pytest.approx(times[0], rel=0.1)


def test_new_pages_of_large_layers_are_found():
    parts, times, groups = layers(90, page_byte_s=3e-10)
    laws = fit_parts(parts, times, groups, "lstm forward")
    assert laws[2].coefficients["page_bytes"] == 4e7
    assert laws[2].coefficients["page_byte_s"] == pytest.approx(3e-10, rel=0.1)
    assert laws[0].error_share < 0.1
    # Where no layer is so large, there is nothing to add.
    assert fit_parts(*layers(90), "lstm forward")[2].coefficients["page_byte_s"] == pytest.approx(
        0.0, abs=2e-12
    )


def test_too_few_layers_are_refused():
    parts, times, groups = layers(6)
    with pytest.raises(Fault, match="lstm forward: 6 points are too few"):
        fit_parts(parts, times, groups, "lstm forward")
    parts, times, groups = layers(20)
    with pytest.raises(Fault, match="one group"):
        fit_parts(parts, times, ["a"] * 20, "lstm forward")


def test_linear_layers_serve_all_kinds_that_are_one():
    laws, scores, few = fit_laws(linear_points())
    assert {kind for kind, _ in laws} == {*(Kind.LINEAR, Kind.QKV, Kind.OUTPUT_PROJECTION, Kind.FEED_FORWARD)}
    assert all(law.error_share < 0.02 for law in laws.values())
    assert few == []
    assert {row["form"] for row in scores} >= {"affine", "roofline", "efficiency"}


def test_a_law_of_a_minute_does_not_run_away_beyond_its_sizes():
    """One slow call of the largest size, which a law with a cache would take for a slope."""
    points = linear_points(30)
    largest = max(range(30), key=lambda number: points[number].operations[0].bytes_moved)
    points[largest] = replace(points[largest], time_s=20 * points[largest].time_s)
    laws, _, _ = fit_laws(points)
    beyond = products.linear(2**13, 512, 512)
    law = laws[Kind.LINEAR, Direction.FORWARD]
    assert law_time_s(law, beyond) == pytest.approx(4e-6 + FLOP_S * beyond.flops, rel=1.0)


def test_what_has_few_points_is_named_and_what_has_too_few_has_no_law():
    points = linear_points(7)
    laws, _, few = fit_laws(points)
    assert laws
    assert "linear forward" in few
    laws, scores, few = fit_laws(points[:2])
    assert laws == {}
    assert "qkv forward" in few
    assert "too few" in scores[0]["why_none"]


def test_without_time_the_simplest_form_is_fitted_alone():
    laws, scores, _ = fit_laws(linear_points(), has_time=lambda: False)
    assert {law.form for law in laws.values()} == {"affine"}
    assert len(scores) == 1


def test_points_survive_json():
    for point in linear_points(3):
        assert KernelPoint.from_json(json.loads(json.dumps(point.to_json()))) == point
    step = StepPoint("gru", "tokens", {"batch": 2}, (updates.adamw(10, 2),), 0.1, None, 5)
    assert StepPoint.from_json(json.loads(json.dumps(step.to_json()))) == step


# One law for everything: a time per FLOP.
RATE = TimeLaw("affine", {"start_s": 0.0, "flop_s": 1e-10}, 0.0, 9, 1.0, 1e9)
LAWS = {(kind, direction): RATE for kind in Kind for direction in Direction}
POWER_W = {"default": 5.0}


def steps(factors, power_w=5.0):
    """A start of a millisecond, and twice the sum; some families by another factor."""
    found = []
    for family, factor in factors.items():
        for width in (8, 32, 64, 128):
            operations = token_training_step(family, TokenSizes(4, 16, width, 2, 2, width, 64))
            time_s = factor * (1e-3 + 2 * sum(kernels_s(operations, LAWS).values()))
            found.append(StepPoint(family, "tokens", {}, operations, time_s, power_w * time_s, 9))
    return found


def test_step_terms_are_recovered():
    terms = fit_step_terms(steps({"lstm": 1.0, "gru": 1.0}), LAWS)
    assert terms.overhead_s == pytest.approx(1e-3, rel=0.01)
    assert terms.factor == pytest.approx(2.0, rel=0.01)


def test_errors_are_of_the_left_out_family_alone():
    """A family that takes 1.3 times as long does not hide in terms that were fitted to it."""
    found = left_out_errors(steps({"lstm": 1.0, "gru": 1.0, "transformer": 1.3}), LAWS, POWER_W)
    assert found["transformer"] == pytest.approx([math.log(1.3)] * 4, abs=0.02)
    # By energy: the power is part of the error.
    found = left_out_errors(steps({"lstm": 1.0, "gru": 1.0}, power_w=6.0), LAWS, POWER_W)
    assert found["gru"] == pytest.approx([math.log(6 / 5)] * 4, abs=0.02)


def test_a_single_family_is_compared_with_the_plain_sum():
    (errors,) = left_out_errors(steps({"lstm": 1.0}), LAWS, POWER_W).values()
    assert all(error >= math.log(2) - 1e-9 for error in errors)


def test_steps_without_any_law_are_refused_and_name_what_is_missing():
    with pytest.raises(Fault, match="clipping update"):
        refit(steps({"lstm": 1.0}), {})
    # Without steps there is nothing to add.
    assert refit([], {}).factor == 1.0


def windows(name, *watts):
    return [PowerPoint(name, 2.0, None if one is None else 2.0 * one) for one in watts]


def test_powers_are_told_apart_only_where_all_windows_say_so():
    found = powers_of(
        [*windows("steps", 10.0), *windows("compute", 14.0, 13.0), *windows("memory", 8.5, 9.6)]
    )
    assert found["default"] == pytest.approx(10.0)
    assert found["qkv"] == pytest.approx(13.5)
    assert "softmax" not in found
    # Estimates from processor time cannot tell.
    assert powers_of([*windows("steps", 10.0), *windows("compute", 14.0, 13.0)], by_kind=False) == {
        "default": 10.0
    }
    # One window alone is no evidence.
    assert powers_of([*windows("steps", 10.0), *windows("compute", 20.0)]) == {"default": 10.0}


def test_power_without_energy_is_unknown():
    assert powers_of(windows("steps", None)) == {}
    assert powers_of([*windows("steps", None), *windows("memory", 7.0)])["default"] == pytest.approx(7.0)
