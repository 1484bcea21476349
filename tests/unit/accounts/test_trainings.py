"""The energy of one training: one definition for frontier, costs, ladder and chains."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.accounts.comparison.chains import making_energy
from wattshed.accounts.comparison.comparable import training_costs
from wattshed.accounts.ladder.checks import training_checks, whole_runs
from wattshed.accounts.runs.trainings import trainings, work_windows
from wattshed.energy.reading import JOULES_PER_KWH

ROW = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gru", "ridge"]),
        "seed": st.sampled_from([0, 1, 2]),
        "window": st.sampled_from(["epoch", "fit", "forecast", "update", "measure"]),
        "energy_kwh": st.one_of(st.just(np.nan), st.integers(0, 64).map(lambda n: n / 64)),
        "repeats": st.sampled_from([1, 2, 4]),
        "attempt": st.integers(1, 2),
    }
)


def frame(rows):
    frame = pd.DataFrame(rows)
    frame["energy_status"] = np.where(frame["energy_kwh"].isna(), "missing", "measured")
    return frame.assign(
        stage="training",
        job=frame["model"],
        duration_s=1.0,
        start_s=range(len(frame)),
        lineage=frame["model"],
    )


@given(st.lists(ROW, min_size=1, max_size=20))
def test_all_views_of_a_training_have_its_one_energy(rows):
    windows = frame(rows)
    found = trainings(windows).set_index(["model", "seed"])["training_kwh"]
    trained = sorted({model for model, _ in found.index})
    costs = training_costs(windows).set_index(["model", "seed"])["energy_kwh"]
    ladder = whole_runs(training_checks(windows, trained)) if trained else None
    for (model, seed), kwh in found.items():
        assert costs[model, seed] == pytest.approx(kwh, nan_ok=True)
        step = ladder[(ladder["model"] == model) & (ladder["seed"] == seed)]
        assert step["training_kwh"].item() == pytest.approx(kwh, nan_ok=True)
        base = windows[(windows["model"] == model) & windows["window"].isin(["epoch", "fit"])]
        joules = making_energy(base)[model, seed]
        assert joules == pytest.approx(kwh * JOULES_PER_KWH, nan_ok=True)


def test_work_that_was_repeated_to_fill_its_window_counts_once():
    row = {"model": "ridge", "seed": 0, "window": "fit", "energy_kwh": 1.0, "repeats": 4, "attempt": 1}
    assert work_windows(frame([row]))["work_kwh"].item() == 0.25


def test_a_study_without_a_training_has_no_row():
    row = {"model": "ridge", "seed": 0, "window": "forecast", "energy_kwh": 1.0, "repeats": 1, "attempt": 1}
    assert list(trainings(frame([row])).columns) == ["model", "seed", "training_kwh", "energy_status"]
    assert trainings(frame([row])).empty
