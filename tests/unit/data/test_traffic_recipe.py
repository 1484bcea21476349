"""The study of traffic in data/README.md: 12 steps of 5 minutes from a file of METR-LA's layout to a forecast."""

import re

import numpy as np
import pytest
import yaml

from layouts.forecasting import metr_la
from layouts.truth import assert_same
from small_study import graph_of
from wattshed.config.study import load_study
from wattshed.data.sources.source import load_panel
from wattshed.data.splits import split_calendar
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.metrics import metrics, seasonal_scale, sum_errors
from wattshed.forecast.protocol import ForecastTask, evenly_spaced


@pytest.fixture(scope="module")
def study(root):
    page = (root / "data/README.md").read_text(encoding="utf-8")
    block = re.search(r"### A study of traffic\n.*?```yaml\n(.*?)```", page, re.DOTALL)
    default = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
    return load_study({**default, **yaml.safe_load(block[1])})


def test_the_study_forecasts_twelve_steps_of_five_minutes(study, tmp_path):
    layout = metr_la("2012-03-28")
    layout.write(tmp_path)
    panel = load_panel(study.data.source, tmp_path)
    assert_same(panel, layout)
    windows = study.data.windows
    assert (panel.step_minutes, windows.look_back_steps, windows.horizon_steps) == (5, 12, 12)
    task = ForecastTask(panel, split_calendar(panel, study.data.splits, windows), windows)
    origins = evenly_spaced(task.origins(task.splits.test), 30)
    baseline = make_baseline("ridge", task, graph_of(task))
    baseline.fit()
    errors = metrics(
        sum_errors(baseline.forecast(origins), *task.truth(origins)), seasonal_scale(panel, task.splits.train)
    )
    assert errors["mae"] < np.nanstd(layout.truth.to_numpy())
