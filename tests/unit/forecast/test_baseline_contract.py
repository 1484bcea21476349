"""Every registered baseline, and a baseline of a study's own, keeps the contract of baselines."""

from dataclasses import replace

import numpy as np
import pytest

from light_plugins import heavy_imports
from small_study import graph_of, small_panel, task_of
from wattshed.data.panel import Panel
from wattshed.forecast.baselines import boosted_trees
from wattshed.forecast.baselines.fitting import fit_baselines
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.baselines.registry import MODULES
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part

TOY = "toy_half"
TOY_MODULE = '''
"""A baseline of one module: half of the last known hour."""
from wattshed.forecast.baselines import boosted_trees
from wattshed.forecast.baselines.protocol import BaselineFactory


def make(task, graph):
    import numpy as np

    class Half:
        def fit(self):
            """Nothing to fit."""

        def forecast(self, origins):
            return np.repeat(task.filled[origins - 1][:, None, :] / 2, task.windows.horizon_steps, axis=1)

    return Half()


BASELINE = BaselineFactory(make)
'''
# Trees split at thresholds of float32 features, so another unit changes a few rows.
TREES = ("lightgbm", "lightgbm_rich", "pooled_trees", "pooled_stack")
UNIT_TOLERANCE = dict.fromkeys(TREES, 0.2)


# Those of labelled windows are held to the same contract in tests/unit/forecast/test_class_baselines.py.
OF_READINGS = [name for name in MODULES if not plugins.load("baseline", name).of_classes]


@pytest.fixture(params=[*OF_READINGS, TOY])
def name(request, own_plugin, monkeypatch):
    if request.param == TOY:
        own_plugin(TOY, TOY_MODULE)
    if request.param in TREES:
        pytest.importorskip("lightgbm", reason="needs the extra wattshed[lightgbm]")
        from wattshed.forecast.baselines import pooled_stack, pooled_trees

        # Fewer trees and one thread: what is tested here does not depend on them.
        for place, settings in ((boosted_trees, "PLAIN"), (boosted_trees, "RICH"), (pooled_stack, "RICH")):
            monkeypatch.setattr(place, settings, replace(getattr(place, settings), rounds=15))
        monkeypatch.setattr(pooled_trees, "ROUNDS", 15)
        monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    return request.param


def fitted(name, task):
    baseline = make_baseline(name, task, graph_of(task))
    baseline.fit()
    return baseline


# Forecasts of the plain task by baseline and origins: tests compare theirs with the same ones.
PLAIN = {}


def plain_forecast(name, task, origins):
    key = name, *origins
    if key not in PLAIN:
        PLAIN[key] = fitted(name, task).forecast(origins)
    return PLAIN[key]


def test_listing_baselines_loads_no_heavy_library():
    assert heavy_imports("baseline") == ""


def test_forecasts_have_the_tasks_shape_and_are_finite_over_gaps(name, gappy_task):
    origins = gappy_task.origins(gappy_task.splits.test)[:20]
    found = fitted(name, gappy_task).forecast(origins)
    assert found.shape == (20, gappy_task.windows.horizon_steps, 5)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_a_second_fit_gives_the_same_bytes(name, task):
    origins = task.origins(task.splits.test)[:20]
    first = plain_forecast(name, task, origins)
    baseline = fitted(name, task)
    assert baseline.forecast(origins).tobytes() == first.tobytes()
    baseline.fit()
    assert baseline.forecast(origins).tobytes() == first.tobytes()


def test_forecasts_are_in_the_panels_unit(name, task):
    panel = task.panel
    larger = task_of(
        Panel(panel.values * 1000, panel.observed, panel.times, panel.nodes, "Wh", "UTC", "test")
    )
    origins = task.origins(task.splits.test)[:20]
    found, expected = fitted(name, larger).forecast(origins), 1000 * plain_forecast(name, task, origins)
    np.testing.assert_allclose(found, expected, rtol=UNIT_TOLERANCE.get(name, 1e-3), atol=1)


def test_a_forecast_does_not_read_the_target_hours_or_later(name):
    origin = 1300
    changed = small_panel()
    changed.values[origin:] = 1e3
    forecasts = [
        fitted(name, task_of(panel)).forecast(np.array([origin])) for panel in (small_panel(), changed)
    ]
    np.testing.assert_array_equal(*forecasts)


def test_an_unknown_baseline_is_reported_with_the_nearest_name(task, graph):
    with pytest.raises(Fault, match="'persistense' is not a baseline: did you mean 'persistence'"):
        make_baseline("persistense", task, graph)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("return None", "made NoneType: expected an object with fit, forecast"),
        ("return np.zeros((1, 1))", r"forecasts the shape \[1, 1\]: expected \[\d+, 3, 5\]"),
        ("return np.full_like(half(origins), np.nan)", "forecasts [0-9,]+ values that are not finite"),
        ("return np.full_like(half(origins), np.inf)", "forecasts [0-9,]+ values that are not finite"),
    ],
)
def test_a_baseline_with_unusable_forecasts_is_reported(own_plugin, tmp_path, metering, line, reason):
    body = f"        def forecast(self, origins):\n            {line}\n\n        def half(self, origins):\n"
    text = TOY_MODULE.replace("        def forecast(self, origins):\n", body).replace(
        "half(origins)", "self.half(origins)"
    )
    if line == "return None":
        text = TOY_MODULE.replace("return Half()", line)
    own_plugin(TOY, text)
    task = task_of(small_panel())
    output, ledger = tmp_path / "toy.safetensors", tmp_path / "baselines.jsonl"
    with pytest.raises(Fault, match=f"the baseline '{TOY}' {reason}"):
        fit_baselines({TOY: {Part.TEST: output}}, task, graph_of(task), 10, metering, ledger)
    assert not output.exists()
    assert not ledger.exists()
