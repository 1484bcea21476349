"""Dependent columns are reported, and what they leave of the coefficients."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.law.energy.identifiability import identifiability
from wattshed.law.energy.linear import LinearEnergy
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.points import EnergyPoints


def points_of(table, *names):
    return EnergyPoints("made columns", table, names, np.ones(len(table)))


def columns(seed, rows=60):
    return np.random.default_rng(seed).standard_normal((rows, 3))


def test_independent_columns_are_identified():
    found = identifiability(points_of(columns(0, 2000), "a", "b", "c"))
    assert found.rank == 3
    assert found.condition < 1.2
    assert found.identical == found.nearly_identical == found.not_identified == found.weak == ()
    assert all(1 <= value < 1.1 for value in found.inflation.values())


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6), shift=st.floats(-10, 10))
def test_a_copy_in_any_unit_is_identical(seed, factor, shift):
    table = columns(seed)
    table[:, 2] = factor * (table[:, 0] + shift)
    found = identifiability(points_of(table, "a", "b", "c"))
    assert [pair[:2] for pair in found.identical] == [("a", "c")]
    assert found.rank == 2
    assert found.condition == float("inf")
    assert found.not_identified == ("a", "c")


@given(seed=st.integers(0, 10_000), weights=st.tuples(st.floats(0.2, 2), st.floats(0.2, 2)))
def test_a_column_that_two_others_give_is_not_identified(seed, weights):
    """No two of the columns are alike, so that pairs alone would not show it."""
    table = columns(seed, 200)
    table[:, 2] = table[:, :2] @ weights
    found = identifiability(points_of(table, "a", "b", "c"))
    assert found.identical == ()
    assert found.rank == 2
    assert found.not_identified == ("a", "b", "c")


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6))
def test_inflation_and_condition_do_not_depend_on_units(seed, factor):
    table = columns(seed)
    plain = identifiability(points_of(table, "a", "b", "c"))
    scaled = identifiability(points_of(table * [factor, 1, 1], "a", "b", "c"))
    assert scaled.condition == pytest.approx(plain.condition, rel=1e-6)
    assert scaled.inflation == pytest.approx(plain.inflation, rel=1e-6)


def test_inflation_is_that_of_the_correlation():
    table = columns(1, 500)
    table[:, 1] = table[:, 0] + 0.01 * table[:, 1]
    found = identifiability(points_of(table[:, :2], "a", "b"))
    r = np.corrcoef(table[:, 0], table[:, 1])[0, 1]
    assert found.inflation == pytest.approx({"a": 1 / (1 - r**2), "b": 1 / (1 - r**2)})
    assert found.nearly_identical == (("a", "b", pytest.approx(r)),)
    assert found.weak == ("a", "b")
    assert found.not_identified == ()


def test_a_constant_column_is_named():
    table = columns(0)
    table[:, 1] = 0.02564
    found = identifiability(points_of(table, "a", "b", "c"))
    assert found.constant == ("b",)
    assert found.not_identified == ("b",)
    assert found.condition == float("inf")


def test_the_report_is_plain_json():
    table = columns(0)
    table[:, 1] = table[:, 0]
    text = json.dumps(identifiability(points_of(table, "a", "b", "c")).to_json(), allow_nan=False)
    assert json.loads(text)["inflation"]["a"] == "infinite"


def test_the_sum_of_identical_columns_survives_an_exchange():
    table = np.abs(columns(3))
    table[:, 2] = table[:, 1]
    points = points_of(table, "a", "b", "c")
    found = identifiability(points)
    plain, exchanged = {"a": 1.0, "b": 2.0, "c": 5.0}, {"a": 1.0, "b": 5.0, "c": 2.0}
    assert found.sums(plain) == found.sums(exchanged) == {"b + c": 7.0}
    np.testing.assert_allclose(
        LinearEnergy(1.0, plain).predict(points), LinearEnergy(1.0, exchanged).predict(points)
    )


class TestRecorded:
    def test_scores_and_output_are_one_column(self, transformer):
        found = identifiability(transformer)
        assert [pair[:2] for pair in found.identical] == [("scores_pseudo_us", "attention_output_pseudo_us")]
        ((first, second, r),) = found.nearly_identical
        assert (first, second) == ("qkv_pseudo_us", "output_projection_pseudo_us")
        assert round(r, 3) == 0.998
        assert found.rank == 3
        assert found.not_identified == ("scores_pseudo_us", "attention_output_pseudo_us")
        assert found.weak == ("qkv_pseudo_us", "output_projection_pseudo_us")
        assert min(found.inflation.values()) > 200

    def test_only_the_sum_is_in_the_published_coefficients(self, transformer):
        published = energy_model("published_code").fit(transformer).coefficients
        assert identifiability(transformer).sums(published) == pytest.approx(
            {"scores_pseudo_us + attention_output_pseudo_us": 0.6082}
        )

    def test_three_durations_of_the_lstm_are_nearly_one(self, lstm):
        found = identifiability(lstm)
        assert len(found.nearly_identical) == 3
        assert min(r for _, _, r in found.nearly_identical) > 0.9998
        assert max(found.inflation.values()) > 1e5
        assert found.not_identified == ()
