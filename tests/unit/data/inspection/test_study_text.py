"""The study that inspect writes is accepted, and its windows and parts fit the panel."""

import numpy as np
import pandas as pd
import pytest
import yaml

from wattshed.config.study import load_study
from wattshed.data.inspection.choices import Choice
from wattshed.data.inspection.study_text import fit_of, study_name, study_text
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.foundation.faults import Fault

CHOICES = (Choice("timezone", "Europe/Madrid", "said"), Choice("step_minutes", 60, "said"))


def panel(days, nodes=3, step_minutes=60):
    steps = int(days * 24 * 60 // step_minutes)
    times = np.datetime64("2021-03-01", "s") + np.arange(steps) * np.timedelta64(60 * step_minutes, "s")
    values = np.random.default_rng(1).random((steps, nodes)).astype(np.float32) + 1
    names = pd.DataFrame(index=pd.Index([f"home {n}" for n in range(nodes)], name="node"))
    return Panel(
        values=values,
        observed=np.ones(values.shape, bool),
        times=times,
        nodes=names,
        unit="kWh",
        timezone="Europe/Madrid",
        source="made",
        step_minutes=step_minutes,
    )


@pytest.mark.parametrize(
    ("days", "nodes", "step_minutes", "usual"),
    [(90, 3, 60, True), (12, 3, 60, False), (10, 1, 60, False), (9, 2, 5, False), (60, 1, 15, True)],
)
def test_the_study_fits_its_panel(days, nodes, step_minutes, usual):
    made = panel(days, nodes, step_minutes)
    fit = fit_of(made)
    choices = [CHOICES[0], Choice("step_minutes", step_minutes, "said")]
    study = load_study(yaml.safe_load(study_text("mine", "load.csv", choices, made, fit)))
    assert fit.usual is usual
    assert study.data.source.path == "load.csv"
    assert study.energy.country_iso == "unknown"
    splits = split_calendar(made, study.data.splits, study.data.windows)
    assert splits.months
    assert ("stgnn" in study.models) == ("ridge_graph" in study.baselines) == (nodes > 1)
    assert study.graph.neighbours == max(1, min(5, nodes - 1))


@pytest.mark.parametrize("days", [1, 7, 7.5])
def test_a_panel_that_is_too_short_is_refused_in_one_sentence(days):
    with pytest.raises(Fault, match=r"days have no room for a study") as fault:
        fit_of(panel(days))
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("homes", "homes"),
        ("LD2011_2014", "ld2011_2014"),
        ("2021 Zähler", "study_2021_z_hler"),
        ("none", "none_study"),
        ("-", "study"),
    ],
)
def test_names_of_studies(file, name):
    assert study_name(file) == name


def test_a_gap_is_not_called_a_short_panel():
    made = panel(60)
    made.observed[made.observed.shape[0] // 4 :] = False
    with pytest.raises(Fault, match=r"60.0 days, but only 25.0% of it is observed"):
        fit_of(made)


@pytest.mark.parametrize(("step_minutes", "look_back_steps"), [(5, 12), (10, 12), (15, 96), (30, 48)])
def test_windows_of_short_steps_are_counted_in_steps(step_minutes, look_back_steps):
    """A day of 5 minutes has 288 steps: closed forms of so many features take many minutes."""
    made = panel(60, step_minutes=step_minutes)
    choices = [CHOICES[0], Choice("step_minutes", step_minutes, "said")]
    text = study_text("mine", "load.csv", choices, made, fit_of(made))
    study = load_study(yaml.safe_load(text))
    assert study.data.windows.look_back_steps == look_back_steps
    assert ("look_back_steps: 12" in text) == (step_minutes < 15)
