"""The sensitivity tables and sentences say what the frames hold."""

import numpy as np
import pandas as pd
import pytest

from made_study import study_files, write_study
from wattshed.accounts.comparison.decisions import changes_against
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.sensitivity import suspects_sentence, wins_sentence
from wattshed.publish.tables.sensitivity import calendar_table, suspects_table


def frame_of(rmse):
    rows = [
        {
            "model": model,
            "seed": seed,
            "view": view,
            "kind": "all" if view == ALL else "nodes",
            "nodes": 4,
            "rmse": value,
        }
        for view, models in rmse.items()
        for model, values in models.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def days_of(rmse, spread=0.05, count=16):
    """`sensitivity.days.parquet` with these errors; each model's days vary in their own way."""
    random = np.random.default_rng(1)
    names = pd.date_range("2021-03-01", periods=count).strftime("%Y-%m-%d")
    frames = []
    for model, values in rmse.get(WITHOUT_SUSPECTS, {}).items():
        shares = np.exp(spread * random.standard_normal(count))
        for seed, value in enumerate(values):
            squared = 90 * value**2 * shares / shares.mean()
            sums = {"day": names, "squared": squared, "absolute": squared, "cells": 90}
            frames.append(pd.DataFrame(sums).assign(model=model, seed=seed, part="test"))
    return pd.concat(frames)


def quality_of(*suspects, nodes=4):
    names = [f"n{n}" for n in range(nodes)]
    reasons = pd.array(["near zero" if name in suspects else None for name in names], dtype="string")
    return pd.DataFrame({"node": names, "suspect_reason": reasons})


def test_the_sentence_is_about_the_model_that_validation_chose():
    rmse = {
        ALL: {"x": [1.0, 1.1], "y": [1.3]},
        WITHOUT_SUSPECTS: {"x": [0.84, 0.857], "y": [1.2], "z": [0.5]},
    }
    text = suspects_sentence(frame_of(rmse), days_of(rmse), "x", quality_of("n1", "n3"), "kWh")
    assert text.startswith(
        "Without the 2 suspect nodes (n1, n3), x, which validation chose on all nodes, has a test RMSE of 0.8485 kWh ["
    )
    assert text.endswith("] (over seeds and days); of the others, compared with it: 1 better, 1 worse.")
    few = suspects_sentence(frame_of(rmse), days_of(rmse, count=3), "x", quality_of("n1"), "kWh")
    assert few == (
        "Without the 1 suspect node (n1), x, which validation chose on all nodes, has a test RMSE of 0.8485 kWh "
        "(too few days for an interval); of the others, compared with it: 2 not told apart."
    )


def test_a_study_without_suspects_says_so():
    frame = frame_of({ALL: {"x": [1.0]}})
    none = pd.DataFrame({"model": []})
    assert suspects_sentence(frame, none, "x", quality_of(), "kWh") == "None of the 4 nodes is suspect."
    every = quality_of("n0", "n1", "n2", "n3")
    assert suspects_sentence(frame, none, "x", every, "kWh") == "Each of the 4 nodes is suspect."


def test_many_suspects_are_not_all_named():
    quality = quality_of(*(f"n{n}" for n in range(9)), nodes=20)
    rmse = {ALL: {"x": [1.0]}, WITHOUT_SUSPECTS: {"x": [1.0]}}
    sentence = suspects_sentence(frame_of(rmse), days_of(rmse), "x", quality, "kWh")
    assert "(n0, n1, n2, n3, n4, n5 and 3 more)" in sentence


def test_the_tables_hold_the_views_of_a_study(tmp_path):
    inputs = Inputs(study_files(write_study(tmp_path)))
    sensitivity, scores = inputs.frame("sensitivity"), inputs.frame("scores")
    days = inputs.frame("sensitivity_days")
    table = suspects_table(sensitivity, days, "stgnn", scores, inputs.frame("quality"), "kWh")
    means = sensitivity[sensitivity["view"] == WITHOUT_SUSPECTS].groupby("model")["rmse"].mean()
    shown = {row[0].text: row[3].text for row in table.rows}
    assert shown == {model: f"{value:.4f}" for model, value in means.items()}
    changes = changes_against(days, "stgnn").set_index("model")
    for row in table.rows:
        if row[0].text == "stgnn":
            assert [cell.text for cell in row[5:8]] == ["–", "–", "–"]
            continue
        change = changes.loc[row[0].text]
        assert float(row[5].text) == pytest.approx(100 * change["change_share"], abs=0.05)
        assert row[7].text == change["outcome"]
    assert sum(int(row[-3].text) for row in table.rows) == 17
    assert wins_sentence(scores) in table.notes
    calendar = calendar_table(sensitivity, "kWh")
    assert [column.title for column in calendar.columns] == [
        "Model",
        "Weekdays",
        "Weekends",
        "Daytime",
        "Night",
    ]


def test_a_better_rank_is_marked():
    rmse = {ALL: {"x": [1.0], "y": [1.3]}, WITHOUT_SUSPECTS: {"x": [0.9], "y": [0.8]}}
    rows = [("x", 1.0, 2.0), ("y", 1.3, 1.0)]
    scores = pd.DataFrame(
        [{"model": m, "scope": "all", "node": None, "rmse": e} for m, e, _ in rows]
        + [{"model": m, "scope": "node", "node": "n0", "rmse": e} for m, _, e in rows]
    )
    table = suspects_table(frame_of(rmse), days_of(rmse), "x", scores, quality_of("n1"), "kWh")
    assert [row[3].mark for row in table.rows] == ["↓", "↑"]
    assert [row[3].best for row in table.rows] == [False, True]
    assert [row[7].text for row in table.rows] == ["–", "better"]
