"""Scores of probabilities of classes, against their definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from made_classes import classes_panel
from small_study import small_panel
from wattshed.accounts.standings.class_scores import LEAST_PROBABILITY, class_scores, scores_of, wilson
from wattshed.forecast.forecasts import Forecasts
from wattshed.foundation.faults import Fault
from wattshed.publish.tables.classes import classes_table


def test_scores_of_two_classes_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]], dtype=np.float32)
    found = scores_of(probabilities, np.array([0, 0, 1, 1]))
    assert found["accuracy"] == found["balanced_accuracy"] == found["sensitivity"] == 0.5
    assert found["specificity"] == found["chance"] == 0.5
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.4]).mean(), rel=1e-6)
    assert found["brier"] == pytest.approx(2 * (0.01 + 0.36 + 0.04 + 0.36) / 4, rel=1e-6)


def test_balanced_accuracy_does_not_reward_the_larger_class():
    always_first = np.tile([1.0, 0.0, 0.0], (10, 1))
    found = scores_of(always_first, np.array([0] * 8 + [1, 2]))
    assert found["accuracy"] == 0.8
    assert found["balanced_accuracy"] == pytest.approx(1 / 3)
    assert math.isnan(found["sensitivity"])
    assert found["log_loss"] == pytest.approx(-0.2 * math.log(LEAST_PROBABILITY))


def test_a_class_without_windows_does_not_count_as_missed():
    assert scores_of(np.eye(3)[[0, 1]], np.array([0, 1]))["balanced_accuracy"] == 1


@pytest.mark.parametrize(("right", "count"), [(0, 7), (3, 10), (59, 59), (120, 240)])
def test_the_interval_over_windows_is_wilsons(right, count):
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert wilson(right, count) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_the_frame_has_a_row_for_each_model_and_seed(tmp_path):
    panel = classes_panel(classes=2)
    origins = np.arange(*panel.cuts[1:])
    truth = panel.values[origins][:, None]
    Forecasts(origins, np.stack([truth, 1 - truth]), [1, 2]).write(tmp_path / "a.safetensors")
    frame = class_scores({"a": tmp_path / "a.safetensors"}, panel)
    assert list(frame["accuracy"]) == [1, 0]
    assert list(frame["positive"]) == ["person_1", "person_1"]


def test_readings_have_no_classes():
    with pytest.raises(Fault, match="the panel holds readings"):
        class_scores({}, small_panel(hours=30))


def rows(model, *accuracies, log_loss, classes=3, positive=None):
    return [
        {
            "model": model, "seed": seed, "windows": 40, "classes": classes, "chance": 1 / classes,
            "accuracy": accuracy,
            "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.05,
            "balanced_accuracy": accuracy,
            "log_loss": log_loss, "brier": 0.5, "positive": positive, "sensitivity": 0.8, "specificity": 0.7,
        }
        for seed, accuracy in enumerate(accuracies)
    ]  # fmt: skip


def test_the_table_is_in_the_order_of_a_proper_score_with_both_intervals():
    frame = pd.DataFrame([*rows("a", 0.9, log_loss=0.5), *rows("b", 0.8, 0.82, 0.84, log_loss=0.3)])
    table = classes_table(frame)
    assert [row[0].text for row in table.rows] == ["b", "a"]
    assert table.rows[1][3].text == "\u2013"
    assert table.rows[0][3].text == "[77.0, 87.0]"
    assert table.rows[0][4].text == "[72.0, 87.0]"
    assert "33.3 %" in table.caption
    assert len(table.columns) == 8


def test_two_classes_have_sensitivity_and_specificity():
    table = classes_table(pd.DataFrame(rows("a", 0.9, log_loss=0.5, classes=2, positive="ill")))
    assert [column.title for column in table.columns[-2:]] == ["Sensitivity", "Specificity"]
    assert any("class ill" in note for note in table.notes)
