"""Numbers of the released energies, to two digits: what was published, refitted, and left out by group."""

import numpy as np
import pytest

from wattshed.law.energy.models import energy_model
from wattshed.law.energy.recorded import LSTM_ROWS, TRANSFORMER_ROWS
from wattshed.law.energy.scores import score
from wattshed.law.energy.validation import leave_one_group_out, random_folds

GROUPS = ("architecture", "GPU", "layers", "d_model", "seq")


def percent(scores):
    return round(100 * scores.mape.value, 1)


def test_the_files_have_their_rows(transformer, lstm):
    assert len(transformer) == TRANSFORMER_ROWS == 1576
    assert len(lstm) == LSTM_ROWS == 741
    counts = {
        group: dict(zip(*np.unique(transformer.groups[group], return_counts=True), strict=True))
        for group in ("architecture", "GPU")
    }
    assert counts == {"architecture": {"bert": 863, "gpt": 713}, "GPU": {"A100": 1427, "RTX 2080 Ti": 149}}


@pytest.mark.parametrize("name", ["published_code", "published_paper"])
def test_published_coefficients_as_they_are(transformer, name):
    predicted = energy_model(name).fit(transformer).predict(transformer)
    found = score(transformer.energy_j, predicted)
    assert round(found.r2.value, 3) == 0.958
    assert found.mae_j.value == pytest.approx(7.05, abs=0.01)
    assert percent(found) == 7.8
    gpus = {
        gpu: score(transformer.energy_j[rows], predicted[rows]).r2.value
        for gpu in ("A100", "RTX 2080 Ti")
        for rows in [transformer.groups["GPU"] == gpu]
    }
    assert gpus == {"A100": pytest.approx(0.956, abs=1e-3), "RTX 2080 Ti": pytest.approx(0.934, abs=1e-3)}


def test_the_source_s_ridge_on_the_source_s_split(transformer):
    """The notebook's split: a third for the test, stratified by model and layers, seed 42."""
    from sklearn.model_selection import train_test_split

    strata = [
        f"{a} {b}" for a, b in zip(*(transformer.groups[g] for g in ("architecture", "layers")), strict=True)
    ]
    train, test = train_test_split(
        np.arange(len(transformer)), test_size=0.33, stratify=strata, random_state=42
    )
    fitted = energy_model("ridge").fit(transformer.take(train))
    found = score(transformer.energy_j[test], fitted.predict(transformer.take(test)))
    assert (round(found.r2.value, 3), round(found.mae_j.value, 2), percent(found)) == (0.967, 6.55, 7.7)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ridge", (7.4, 8.4, 7.4, 7.8, 7.6, 7.6)),
        ("log_linear", (8.0, 18.6, 416.1, 8.9, 9.4, 10.8)),
        ("time_power", (4.1, 4.1, 14.6, 4.1, 4.1, 4.2)),
    ],
)
def test_errors_in_percent_of_random_folds_and_left_out_groups(transformer, name, expected):
    model = energy_model(name)
    found = [random_folds(model, transformer), *(leave_one_group_out(model, transformer, g) for g in GROUPS)]
    assert [percent(held.scores) for held in found] == pytest.approx(expected, abs=0.11)
    assert all(held.scores.label == "selected by outcome" for held in found)


def test_no_negative_coefficient_is_needed(transformer):
    """Coefficients that are physical predict left-out groups no worse than ridge does."""
    ours, ridge = energy_model("non_negative_relative"), energy_model("ridge")
    for group in GROUPS:
        assert percent(leave_one_group_out(ours, transformer, group).scores) < percent(
            leave_one_group_out(ridge, transformer, group).scores
        )
    assert energy_model("published_code").fit(transformer).coefficients["qkv_pseudo_us"] < 0


def test_the_lstm_s_intercept_is_a_mean(lstm):
    """Least squares on 80 % (seed 42) give the source's slopes, with an intercept seven times that of its table."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(len(lstm)), test_size=0.2, random_state=42)
    fitted = energy_model("least_squares").fit(lstm.take(train))
    assert fitted.intercept_j == pytest.approx(23409.5, abs=0.1)
    assert list(fitted.coefficients.values()) == pytest.approx([-75875, 44303, 167.5, 29868], rel=1e-3)
    found = score(lstm.energy_j[test], fitted.predict(lstm.take(test)))
    assert (round(found.r2.value, 3), percent(found)) == (0.960, 4.8)
    assert lstm.energy_j[train].mean() == pytest.approx(3367.33, rel=1e-3)


def test_table_4_is_right_only_around_the_means(lstm):
    printed = energy_model("published_lstm_as_printed").fit(lstm).predict(lstm)
    centred = energy_model("published_lstm_centred").fit(lstm)
    assert score(lstm.energy_j, printed).mape.value > 5
    assert percent(score(lstm.energy_j, centred.predict(lstm))) < 5.5
    assert centred.intercept_j == pytest.approx(2.34e4, rel=0.05)
