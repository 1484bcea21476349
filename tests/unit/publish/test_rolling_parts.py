"""The tables and the figure of rolling origins."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from figure_texts import colliding_texts, shown_texts
from made_rolling import make_rolled, write_rolling_ledger
from wattshed.accounts.rolling.judged import judged_frame
from wattshed.accounts.rolling.origins import origins_frame
from wattshed.accounts.runs.runs import windows_frame
from wattshed.publish.figures.rolling import rolling_figure
from wattshed.publish.tables.rolling import rolling_tables

MODELS = {"stgnn": 0.70, "ridge": 0.71, "naive": 0.95}
SEEDS = {"stgnn": [1, 2, 3], "ridge": [0], "naive": [0]}


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rolled")
    ledgers = [
        write_rolling_ledger(folder / f"{model}.jsonl", model, 1e-6, SEEDS[model], minute=place)
        for place, model in enumerate(MODELS)
    ]
    days = make_rolled(MODELS, SEEDS)
    origins = origins_frame(days, windows_frame(ledgers))
    return judged_frame(days, origins), origins


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_table_of_models_has_errors_wins_outcome_and_energy(frames):
    rolling, origins = frames
    table = rolling_tables(rolling, origins, "kWh")["rolling"]
    rows = {row[0]: row[1:] for row in cells(table)}
    assert list(rows) == ["stgnn", "ridge", "naive"]
    stated = rolling.set_index("model")
    for model, row in rows.items():
        own = stated.loc[model]
        assert row[0] == str(own["seeds"])
        assert row[1] == f"{own['rmse_mean']:.4f}"
        assert row[2] == f"[{own['rmse_low']:.4f}, {own['rmse_high']:.4f}]"
        assert row[3] == str(own["won"])
        assert row[7] == "3.60"
    assert rows["stgnn"][4:7] == ["–", "–", "chosen"]
    assert rows["naive"][4] == f"{100 * stated.loc['naive', 'change_share']:.1f}"
    assert rows["naive"][6] == "worse"
    assert "n = 4 rolling origins" in table.caption
    assert any(note.startswith("Δ: against stgnn") for note in table.notes)


def test_the_table_names_trainings_that_were_not_alone(frames):
    rolling, origins = frames
    busy = rolling.assign(not_alone=[5, 0, 0])
    notes = rolling_tables(busy, origins, "kWh")["rolling"].notes
    assert any("stgnn (5 of 12 trainings)" in note for note in notes)
    assert not any("Not alone" in note for note in rolling_tables(rolling, origins, "kWh")["rolling"].notes)


def test_an_unknown_energy_is_a_dash(frames):
    rolling, origins = frames
    lost = rolling.assign(training_kwh_mean=float("nan"), training_kwh_low=float("nan"))
    table = rolling_tables(lost, origins, "kWh")["rolling"]
    assert {row[8] for row in cells(table)} == {"–"}


def test_what_needs_no_fit_says_so_and_has_no_energy(frames):
    rolling, origins = frames
    free = rolling.assign(energy_status="no fit", training_kwh_mean=float("nan"))
    table = rolling_tables(free, origins, "kWh")["rolling"]
    assert {row[8] for row in cells(table)} == {"no fit"}


def test_each_origin_has_a_row_whose_least_error_is_bold(frames):
    rolling, origins = frames
    table = rolling_tables(rolling, origins, "kWh")["rolling_origins"]
    assert [column.title for column in table.columns[2:]] == list(MODELS)
    assert [row[0] for row in cells(table)] == ["1", "2", "3", "4"]
    means = origins.groupby(["origin", "model"])["rmse"].mean().unstack()
    for number, row in enumerate(table.rows, start=1):
        bold = [place for place, cell in enumerate(row[2:]) if cell.best]
        assert [list(MODELS)[place] for place in bold] == [means.loc[number].idxmin()]
        first = origins.loc[origins["origin"] == number, "first_day"].iloc[0]
        assert row[1].text.startswith(f"{first} to ")


def test_the_figure_draws_every_model_and_says_how_often_it_won(frames):
    rolling, origins = frames
    figure = rolling_figure(rolling, origins, "kWh")
    above, below = figure.axes
    assert len(above.lines) == 3
    texts = " ".join(text for text, _ in shown_texts(figure))
    assert colliding_texts(figure) == []
    for row in rolling.to_dict("records"):
        assert f"{row['model']} (won {row['won']})" in texts
    assert "ridge: " in texts
    # A model that is worse by a third would press the others together: it is written at the edge.
    assert below.get_xlim()[1] < 15
    assert any("→" in text.get_text() for text in below.texts)


def test_a_study_with_many_origins_has_no_days_at_its_axis(frames):
    rolling, origins = frames
    later = [origins.assign(origin=origins["origin"] + 4 * turn) for turn in range(5)]
    figure = rolling_figure(rolling, pd.concat(later, ignore_index=True), "kWh")
    assert figure.axes[0].get_xlabel() == "Rolling origin"
