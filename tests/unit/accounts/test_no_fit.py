import numpy as np
import pandas as pd
import pytest

from made_ladder import make_windows
from wattshed.accounts.comparison.comparable import status_of
from wattshed.accounts.comparison.frontier import frontier_frame
from wattshed.accounts.ladder.checks import training_checks, whole_runs
from wattshed.accounts.runs.trainings import trainings
from wattshed.energy.reading import worst_status
from wattshed.foundation.vocabulary import Status
from wattshed.publish.tables.frontier import frontier_table
from wattshed.publish.typesetting.status_marks import energy_cell


@pytest.fixture
def windows():
    """An empty fit, half a microsecond each time, and a closed form that was measured in five windows."""
    frame = make_windows({}, {"persistence": (3e-12, 400_000), "ridge": (4e-7, 9)})
    frame["duration_s"] = np.where(frame["model"] == "persistence", 0.2, 0.5)
    ridge = frame[frame["model"] == "ridge"]
    trials = [
        ridge.assign(trial=trial, energy_kwh=ridge["energy_kwh"] * (1 + 0.01 * trial))
        for trial in range(1, 6)
    ]
    return pd.concat([frame[frame["model"] == "persistence"], *trials], ignore_index=True)


def scores():
    rows = [("persistence", 0, "all", 0.7), ("ridge", 0, "all", 0.7)]
    return pd.DataFrame(rows, columns=["model", "seed", "scope", "rmse"])


def test_an_empty_fit_has_no_energy_no_time_and_no_place_on_the_front(windows):
    row = (
        frontier_frame(scores(), windows.assign(value_forecasts=np.nan)).set_index("model").loc["persistence"]
    )
    assert np.isnan(row["training_kwh_mean"])
    assert (row["energy_status"], row["training_kwh_n"]) == (Status.NO_FIT, 0)
    assert row["dominated"] is pd.NA
    table = frontier_table(frontier_frame(scores(), windows.assign(value_forecasts=np.nan)), "kWh")
    cells = {line[0].text: [cell.text for cell in line] for line in table.rows}
    assert cells["persistence"][3] == "no fit"
    assert cells["persistence"][-1] == "no fit: no place"
    run = whole_runs(training_checks(windows, ["persistence"])).iloc[0]
    assert np.isnan(run["training_kwh"])
    assert np.isnan(run["training_s"])


def test_repeated_fits_are_trainings_of_their_own_with_an_interval(windows):
    found = trainings(windows)
    assert len(found[found["model"] == "ridge"]) == 5
    assert found.loc[found["model"] == "ridge", "training_kwh"].tolist() == pytest.approx(
        [4e-7 * (1 + 0.01 * trial) for trial in range(1, 6)]
    )
    row = frontier_frame(scores(), windows.assign(value_forecasts=np.nan)).set_index("model").loc["ridge"]
    assert row["training_kwh_n"] == 5
    assert 0 < row["training_kwh_low"] < row["training_kwh_mean"] < row["training_kwh_high"]


def test_no_fit_is_the_status_only_of_what_has_nothing_else():
    assert worst_status([Status.NO_FIT]) == Status.NO_FIT
    assert worst_status([Status.NO_FIT, Status.MEASURED]) == Status.MEASURED
    assert worst_status([]) == Status.MISSING
    rows = pd.DataFrame({"energy_kwh": [np.nan], "basis": ["recorded"], "energy_status": [Status.NO_FIT]})
    assert status_of(rows) == Status.NO_FIT
    assert energy_cell(None, Status.NO_FIT).text == "no fit"
    assert energy_cell(2.0, Status.ESTIMATED).text == "2.00"
