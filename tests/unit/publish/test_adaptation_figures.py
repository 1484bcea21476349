"""The figures of continual learning: what they compute, and that many strategies stay readable."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from wattshed.publish.figures.drift import drift_figure, month_errors
from wattshed.publish.figures.matrix import matrix_changes, matrix_figure
from wattshed.publish.tables.updates import updates_table

MANY = (
    "frozen", "naive", "joint", "joint_continued", "replay", "replay_0_1", "replay_1", "replay_5", "ewc", "lwf", "der",
    "ema", "node_table",
)  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def made(names=("frozen", "naive"), parents=("stgnn",), seeds=(1, 2), months=3):
    """Summary, errors by day and matrices; errors grow with the place of the strategy, the month and the seed."""
    summary, days, matrices = [], [], []
    for parent in parents:
        for place, name in enumerate(names):
            for seed in seeds:
                own = {"parent": parent, "strategy": name, "seed": seed}
                summary.append({**own, "updates": months * (name != "frozen")})
                for month in range(months):
                    for day in (1, 2):
                        error = (1 + month + 0.1 * seed) * (1 - 0.02 * place)
                        date = f"2021-{7 + month:02d}-{day:02d}"
                        task = f"CL_{month + 1}"
                        days.append({**own, "task": task, "day": date, "squared": 5 * error**2, "cells": 5})
                for learned in range(months + 1):
                    for task in ("base", *(f"CL_{month + 1}" for month in range(months))):
                        rmse = seed * (1 - 0.1 * (learned > 0) * (place > 0))
                        matrices.append(
                            {**own, "learned": learned, "task": task, "phase": "held_out", "rmse": rmse}
                        )
    return pd.DataFrame(summary), pd.DataFrame(days), pd.DataFrame(matrices)


def test_errors_of_a_month_pool_its_days_and_begin_on_its_first():
    _, days, _ = made(("frozen",), seeds=(1,))
    days.loc[days["day"] == "2021-07-02", ["squared", "cells"]] = [3 * 4.0, 3]
    days.loc[days["day"] == "2021-08-01", "cells"] = 0
    found = month_errors(days).set_index("task")
    assert found.loc["CL_1", "error"] == pytest.approx(np.sqrt((5 * 1.1**2 + 3 * 4) / 8))
    assert list(found["date"].dt.strftime("%Y-%m-%d")) == ["2021-07-01", "2021-08-01", "2021-09-01"]
    assert found.loc["CL_2", "error"] == pytest.approx(2.1)


def lines(axis):
    return {line.get_label(): line for line in axis.get_lines() if not line.get_label().startswith("_")}


def test_the_second_row_is_the_change_against_the_control_seed_by_seed():
    summary, days, _ = made(("frozen", "naive", "replay"))
    figure = drift_figure(summary, days, "kWh")
    absolute, relative = (lines(axis) for axis in figure.axes)
    assert list(absolute) == ["frozen (never updated)", "naive", "replay"]
    np.testing.assert_allclose(absolute["naive"].get_ydata(), 0.98 * (np.arange(3) + 1.15))
    np.testing.assert_allclose(relative["naive"].get_ydata(), -2.0)
    np.testing.assert_allclose(relative["replay"].get_ydata(), -4.0)
    np.testing.assert_allclose(relative["frozen (never updated)"].get_ydata(), 0.0)
    assert figure.axes[0].get_ylabel() == "RMSE (kWh)"


def test_without_a_control_there_is_one_row_and_without_days_a_sentence():
    summary, days, _ = made(("naive", "replay"))
    assert len(drift_figure(summary, days, "kWh").axes) == 1
    words = drift_figure(summary, days.assign(cells=0), "kWh")
    assert "nothing to draw" in " ".join(text.get_text() for text in words.axes[0].texts).replace("\n", " ")


def test_only_checkpoints_with_a_control_are_drawn_and_the_legend_names_all_of_their_strategies():
    """An empty panel says nothing; a strategy of the second column alone is named too."""
    parts = [
        made(("frozen", "naive"), ("stgnn",)),
        made(("frozen", "exact"), ("ridge",)),
        made(("replay",), ("stgnn+half",)),
    ]
    summary, days, _ = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    figure = drift_figure(summary, days, "kWh")
    assert [axis.get_title(loc="left") for axis in figure.axes[:2]] == ["from stgnn", "from ridge"]
    assert len(figure.axes) == 4
    assert all(lines(axis) for axis in figure.axes)
    named = {text.get_text() for text in figure.legends[0].get_texts()}
    assert named == {"frozen (never updated)", "naive", "exact"}


def test_thirteen_strategies_on_two_checkpoints_differ_in_colour_marker_or_line():
    summary, days, matrices = made(MANY, ("stgnn", "gru"))
    figure = drift_figure(summary, days, "kWh")
    assert len(figure.axes) == 4
    looks = {
        (line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines(figure.axes[0]).values()
    }
    assert len(looks) == len(MANY)
    markers = [line.get_marker() for name, line in lines(figure.axes[0]).items() if "never" not in name]
    assert len(set(markers)) == len(markers)
    panels = [axis for axis in matrix_figure(summary, matrices).axes if axis.get_visible() and axis.images]
    assert len(panels) == 2 * (len(MANY) - 1)


def test_long_streams_have_few_ticks_and_no_numbers():
    summary, days, matrices = made(months=5)
    days = pd.concat(
        [days.assign(task=days["task"] + f"_{year}", day=days["day"].str.replace("2021", str(year)))
         for year in range(2000, 2008)]
    )  # fmt: skip
    assert len(drift_figure(summary, days, "kWh").axes[-1].get_xticks()) <= 9
    wide = pd.concat([matrices.assign(task=matrices["task"] + f"_{year}") for year in range(3)])
    assert not any(axis.texts for axis in matrix_figure(summary, wide).axes)


def test_parts_that_begin_in_one_month_are_named_and_not_dated():
    summary, days, _ = made()
    ticks = drift_figure(summary, days, "kWh").axes[-1].get_xticklabels()
    assert len({tick.get_text() for tick in ticks}) == 3
    starts = pd.to_datetime(days["day"])
    days["day"] = ("2000-01-" + (10 + starts.dt.month).astype("string")).astype(days["day"].dtype)
    ticks = drift_figure(summary, days, "probability").axes[-1].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["CL_1", "CL_2", "CL_3"]


def test_changes_are_means_of_ratios_to_the_network_before_any_update():
    summary, _, matrices = made()
    found = matrix_changes(summary, matrices)
    assert list(found) == ["naive"]
    assert list(found["naive"].columns) == ["base", "CL_1", "CL_2", "CL_3"]
    np.testing.assert_allclose(found["naive"].to_numpy()[0], 0)
    np.testing.assert_allclose(found["naive"].to_numpy()[1:], -10)
    # Months keep their order, although CL_10 comes before CL_2 in text.
    _, _, many = made(months=11)
    assert list(matrix_changes(summary, many)["naive"].columns) == [
        "base",
        *(f"CL_{n}" for n in range(1, 12)),
    ]


def test_a_month_that_was_not_observed_is_an_empty_column():
    summary, _, matrices = made()
    matrices.loc[matrices["task"] == "CL_2", "rmse"] = np.nan
    change = matrix_changes(summary, matrices)["naive"]
    assert change["CL_2"].isna().all()
    assert matrix_figure(summary, matrices).axes


def test_a_study_that_only_freezes_has_words_instead_of_a_matrix():
    summary, _, matrices = made(("frozen",))
    figure = matrix_figure(summary, matrices)
    assert "No strategy updates a network" in figure.axes[0].texts[0].get_text().replace("\n", " ")


def test_the_table_of_updates_has_costs_savings_and_both_measures(tmp_path):
    from made_study import write_study

    study = write_study(tmp_path)
    summary = pd.read_parquet(study / "adaptation.parquet")
    table = updates_table(summary, "kWh")
    titles = [column.title for column in table.columns]
    cells = {row[0].text: [cell.text for cell in row] for row in table.rows}
    naive = summary[summary["strategy"] == "naive"].set_index("seed")
    frozen = summary[summary["strategy"] == "frozen"].set_index("seed")
    saved = (frozen["prequential_rmse"] - naive["prequential_rmse"]) / (3.6e6 * naive["acting_kwh"])
    assert (naive["acting_kwh"] < naive["updates_kwh"]).all()
    assert float(cells["naive"][titles.index("Saved")]) == pytest.approx(1000 * saved.mean(), rel=5e-3)
    assert cells["naive"][titles.index("Time")] == "0.800"
    assert float(cells["naive"][titles.index("Forgotten MAE")]) == pytest.approx(
        naive["forgetting_mae"].mean(), abs=6e-5
    )
    assert cells["frozen"][titles.index("Per update")] == "none"
    assert cells["frozen"][titles.index("Saved")] == "–"


def test_the_table_of_updates_names_back_ends_where_strategies_differ_in_them(tmp_path):
    from made_study import write_study

    summary = pd.read_parquet(write_study(tmp_path) / "adaptation.parquet")
    assert not any("back ends" in note for note in updates_table(summary, "kWh").notes), (
        "all have the same one"
    )
    summary.loc[summary["strategy"] == "naive", "engine"] = "torch"
    several = pd.concat([summary, summary.assign(parent="other")])
    for frame, naive in ((several, "stgnn+naive, other+naive"), (summary, "naive")):
        (note,) = (note for note in updates_table(frame, "kWh").notes if "back ends" in note)
        assert f"torch: {naive}" in note
        assert "fused_cpu: " in note
        assert "frozen" not in note, "it has no update"
