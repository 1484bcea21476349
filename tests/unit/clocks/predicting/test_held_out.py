"""Cells that are left out, the opponents, and what is said of a model."""

import numpy as np
import pandas as pd
import pytest

from made_cells import SETTINGS, made_cell, made_cells
from wattshed.clocks.predicting.held_out import COLUMNS, held_out
from wattshed.clocks.predicting.unseen import predict_unseen
from wattshed.clocks.predicting.verdict import standings
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def frame():
    return held_out(made_cells(8, gpus=("G", "H")), 0.05)


def of(frame, **where):
    rows = frame
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows


def test_a_workload_is_left_out_on_every_gpu(frame):
    assert list(frame) == list(COLUMNS)
    assert set(of(frame, split="workload")["training_cells"]) == {14}
    assert set(of(frame, split="gpu")["training_cells"]) == {8}


def test_rows_say_what_the_cells_own_runs_say_of_the_pick(frame):
    cells = {(cell.gpu, cell.workload): cell for cell in made_cells(8, gpus=("G", "H"))}
    for row in of(frame, picker="prior", policy="3 probes").to_dict("records"):
        cell = cells[row["gpu"], row["workload"]]
        place = int(np.flatnonzero(cell.settings == row["setting"])[0])
        assert row["saving_share"] == pytest.approx(1 - cell.energy_j[place] / cell.energy_j[-1])
        assert row["kept"] == (cell.time_s[place] <= 1.05 * cell.time_s[-1] * (1 + 1e-9))


def test_three_probes_beat_every_opponent_where_workloads_differ(frame):
    found = {
        (row.split, row.policy, row.picker): row
        for row in standings(held_out(made_cells(12, noise=0.003), 0.05), seed=0)
    }
    assert found["workload", "3 probes", "law"].words == "beats every opponent"
    assert found["workload", "3 probes", "law"].lead_low > 0
    assert found["workload", "1 probe", "law"].words == "nothing to learn from"
    assert found["workload", "1 probe", "maximum"].words == "opponent"


def test_equal_workloads_leave_nothing_to_win():
    cells = [made_cell(0.3, workload=f"w{place}") for place in range(6)]
    found = [row for row in standings(held_out(cells, 0.05), seed=0) if row.picker in ("law", "prior")]
    assert {row.words for row in found if row.picked} == {"does not beat the median optimum"}


def test_two_workloads_are_undecided_and_one_has_no_opponent():
    two = standings(held_out(made_cells(2), 0.05), seed=0)
    law = next(row for row in two if (row.policy, row.picker) == ("3 probes", "law"))
    assert law.words == "undecided: 2 workload families are too few for an interval"
    assert {row.words for row in two if row.picker == "prior"} == {"nothing to learn from"}
    one = standings(held_out(made_cells(3)[:1], 0.05), seed=0)
    assert {row.picked for row in one if row.picker == "median_optimum"} == {0}
    assert standings(held_out([], 0.05), seed=0) == []


def probes(*settings):
    cell = made_cell(0.42, base_w=65.0)
    places = [int(np.flatnonzero(setting == SETTINGS)[0]) for setting in settings]
    return pd.DataFrame(
        {
            "gpu": "G",
            "workload": "new",
            "setting": [int(setting) for setting in settings],
            "time_s": cell.time_s[places],
            "power_w": cell.power_w[places],
        }
    )


def test_an_unseen_workload_is_predicted_at_every_setting():
    cell = made_cell(0.42, base_w=65.0)
    for training, model in ((made_cells(10), "prior"), ([], "law")):
        table = predict_unseen(probes(1500, 1050, 750), SETTINGS, training, 0.05)
        assert set(table["model"]) == {model}
        assert table["picked"].sum() == 1
        np.testing.assert_allclose(table["time_s"], cell.time_s, rtol=0.03)
        np.testing.assert_allclose(table["energy_j"], cell.energy_j, rtol=0.06)
    assert table["time_low_s"].isna().all()


def test_probes_that_say_too_little_are_refused_in_one_sentence():
    with pytest.raises(Fault, match="expected a probe at the maximum"):
        predict_unseen(probes(1050, 750), SETTINGS, made_cells(5), 0.05)
    with pytest.raises(Fault, match="two more probes, such as at 70 % and 50 %"):
        predict_unseen(probes(1500), SETTINGS, made_cells(2), 0.05)
