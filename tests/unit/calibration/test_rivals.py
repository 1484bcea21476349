"""Simpler laws from the kernels of a profile."""

from dataclasses import replace

import pytest

from made_law import make_kernels, make_profile
from wattshed.calibration.fits.points import KernelPoint
from wattshed.calibration.studies.rivals import kernel_points, laws_of_forms, peak_flop_per_s, rival_profile
from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.operations.operation import Direction, Kind, Operation

LINEAR = (Kind.LINEAR, Direction.FORWARD)


@pytest.fixture(scope="module")
def profile():
    return make_profile()


def test_a_rival_has_one_form_and_serves_the_same_operations(profile):
    rival = rival_profile(profile, "roofline")
    assert {law.form for law in rival.laws.values()} == {"roofline"}
    assert set(rival.laws) == set(profile.laws)
    assert rival.power_w == profile.power_w


def test_the_forms_of_an_operation_hold_the_chosen_law_and_its_rivals(profile):
    found = laws_of_forms(profile, ("affine", "roofline", "efficiency"))
    assert found[LINEAR][profile.laws[LINEAR].form] == profile.laws[LINEAR]
    assert {"affine", "roofline", "efficiency"} <= set(found[LINEAR])
    assert found[Kind.QKV, Direction.FORWARD] == found[LINEAR]


def test_a_profile_without_kernels_has_no_rivals(profile):
    bare = replace(profile, points={})
    assert rival_profile(bare, "affine") is None
    assert peak_flop_per_s(bare) is None
    assert laws_of_forms(bare, ("affine",)) == {key: {law.form: law} for key, law in profile.laws.items()}


def test_the_peak_is_the_highest_rate_of_any_kernel(profile):
    rates = [point.operations[0].flops / point.time_s for point in make_kernels()]
    assert peak_flop_per_s(profile) == max(rates)


def test_parts_of_a_layer_share_its_law_and_its_start_counts_once(profile):
    """Three parts that cannot be timed apart: their sum is what the layer takes."""
    kinds = (Kind.LSTM_INPUT_GATES, Kind.LSTM_HIDDEN_GATES, Kind.LSTM_ELEMENTWISE)
    points = []
    for place in range(1, 13):
        parts = tuple(
            Operation(kind, 1e5 * place * share, 0.0) for kind, share in zip(kinds, (4, 5, 1), strict=True)
        )
        time_s = 2e-5 + 1e-11 * sum(one.flops for one in parts)
        points.append(KernelPoint("lstm", str(place % 4), Direction.FORWARD, parts, time_s, 9))
    rival = rival_profile(replace(profile, points={"kernels": [one.to_json() for one in points]}), "affine")
    for point in points:
        told = sum(law_time_s(rival.laws[one.kind, one.direction], one) for one in point.operations)
        assert told == pytest.approx(point.time_s, rel=1e-3)


def test_a_kernel_without_a_field_is_refused_in_one_sentence(profile):
    damaged = replace(profile, points={"kernels": [{"kernel": "linear"}]})
    with pytest.raises(Fault, match=r"a kernel of the profile lacks a field \(KeyError\('group'\)\)"):
        kernel_points(damaged)
