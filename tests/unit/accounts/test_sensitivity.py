"""Errors by view equal a slow count, and wins by node are counted as stated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS, calendar_parts, sensitivity_frames
from wattshed.data.panel import Panel
from wattshed.forecast.days import scores_by_day
from wattshed.forecast.forecasts import Forecasts

HOURS, NODES, HORIZON = 24 * 90, 4, 3
SUSPECT = 2


def panel_of(start="2021-03-10T00:00:00", hours=HOURS, timezone="Europe/Madrid"):
    random = np.random.default_rng(3)
    values = random.gamma(2, 1, (hours, NODES)).astype(np.float32)
    observed = random.random((hours, NODES)) > 0.1
    times = np.datetime64(start, "s") + np.arange(hours) * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"n{n}" for n in range(NODES)], name="node"))
    return Panel(values, observed, times, nodes, "kWh", timezone, "test")


def quality_of(suspects=(SUSPECT,)):
    reasons = [f"reason {n}" if n in suspects else None for n in range(NODES)]
    nodes = [f"n{n}" for n in range(NODES)]
    return pd.DataFrame({"node": nodes, "suspect_reason": pd.array(reasons, dtype="string")})


@pytest.fixture
def made(tmp_path):
    """Two models of one and two seeds, and their forecasts."""
    random = np.random.default_rng(5)
    origins = np.arange(500, 1900)
    found = {}
    for model, seeds in (("a", [0]), ("b", [1, 2])):
        values = random.gamma(2, 1, (len(seeds), len(origins), HORIZON, NODES)).astype(np.float32)
        Forecasts(origins, values, seeds).write(tmp_path / f"{model}.safetensors")
        found[model] = tmp_path / f"{model}.safetensors"
    return found


def slow_rmse(made, panel, model, seed, keep):
    """Over every observed cell of which keep(local time, node) is true."""
    forecasts = Forecasts.read(made[model])
    values, squares = forecasts.values[forecasts.seeds.index(seed)], []
    local = panel.local_times
    for b, origin in enumerate(forecasts.origins):
        for h in range(HORIZON):
            for n in range(NODES):
                if panel.observed[origin + h, n] and keep(local[origin + h], n):
                    squares.append((float(values[b, h, n]) - float(panel.values[origin + h, n])) ** 2)
    return np.sqrt(np.mean(squares)), len(squares)


@pytest.mark.parametrize(
    ("view", "keep"),
    [
        (ALL, lambda time, node: True),
        (WITHOUT_SUSPECTS, lambda time, node: node != SUSPECT),
        ("2021-04", lambda time, node: time.month == 4),
        ("weekends", lambda time, node: time.day_of_week >= 5),
        ("daytime", lambda time, node: 8 <= time.hour < 18),
        ("night", lambda time, node: not 8 <= time.hour < 18),
    ],
)
def test_each_view_equals_a_slow_count(made, view, keep):
    """The panel has a change to summer time, so that UTC hours would be other ones."""
    panel = panel_of()
    frame = sensitivity_frames(made, panel, quality_of())[0].set_index(["view", "model", "seed"])
    for model, seed in (("a", 0), ("b", 2)):
        rmse, cells = slow_rmse(made, panel, model, seed, keep)
        assert frame.loc[(view, model, seed), "rmse"] == pytest.approx(rmse, rel=1e-6)
        assert frame.loc[(view, model, seed), "cells"] == cells


def test_opposite_parts_add_up_to_all_cells(made):
    frame = sensitivity_frames(made, panel_of(), quality_of())[0].set_index("view")
    for column in ("cells", "squared", "absolute"):
        every = frame.loc[ALL, column].to_numpy()
        for pair in (["weekdays", "weekends"], ["daytime", "night"]):
            both = sum(frame.loc[part, column].to_numpy() for part in pair)
            np.testing.assert_allclose(both, every)


@pytest.mark.parametrize("suspects", [(), tuple(range(NODES))])
def test_there_is_no_view_without_suspects_where_it_would_say_nothing(made, suspects):
    frame, days = sensitivity_frames(made, panel_of(), quality_of(suspects))
    assert WITHOUT_SUSPECTS not in set(frame["view"])
    assert days.empty
    assert {"model", "seed", "part", "day", "squared", "cells"} <= set(days)


def test_errors_by_day_without_suspects_are_those_of_their_view(made):
    """A window belongs to the local day of its first target step, as in days.parquet."""
    panel = panel_of()
    frame, days = sensitivity_frames(made, panel, quality_of())
    trusted = frame[frame["view"] == WITHOUT_SUSPECTS].set_index(["model", "seed"])
    sums = days.groupby(["model", "seed"])[["squared", "absolute", "cells"]].sum()
    for column in sums:
        assert sums[column].tolist() == pytest.approx(trusted[column].reindex(sums.index).tolist())
    forecasts = Forecasts.read(made["a"])
    keep = np.arange(NODES) != SUSPECT
    truth = np.stack([panel.values[o : o + HORIZON] for o in forecasts.origins])
    seen = np.stack([panel.observed[o : o + HORIZON] for o in forecasts.origins])
    slow = scores_by_day(
        forecasts.values[0][:, :, keep],
        truth[:, :, keep],
        seen[:, :, keep],
        forecasts.origins,
        panel.times,
        panel.timezone,
    )
    own = days[days["model"] == "a"]
    assert own["day"].tolist() == slow["day"].tolist()
    assert own["squared"].tolist() == pytest.approx(slow["squared"].tolist())
    assert own["cells"].tolist() == slow["cells"].tolist()


def test_many_months_are_shown_as_seasons_and_short_parts_left_out():
    panel = panel_of("2021-01-01T00:00:00", 24 * 365, "UTC")
    parts = calendar_parts(panel, np.arange(24 * 365)[:, None])
    assert list(parts) == ["winter", "spring", "summer", "autumn", "weekdays", "weekends", "daytime", "night"]
    assert parts["winter"].sum() == 24 * (31 + 28 + 31)
    short = calendar_parts(panel, np.arange(24 * 28, 24 * 36)[:, None])
    assert "2021-01" in short  # 29 to 31 January: 72 hours
    assert "2021-01" not in calendar_parts(panel, np.arange(24 * 29, 24 * 36)[:, None])
    assert "2021-02" not in calendar_parts(panel, np.arange(24 * 10)[:, None])


def frame_of(rmse):
    """Rows of sensitivity.parquet from {view: {model: [rmse of each seed]}}."""
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


def test_ranks_are_of_means_and_their_changes_are_told():
    rmse = {
        ALL: {"x": [1.0, 1.2], "y": [1.3], "z": [1.4]},
        WITHOUT_SUSPECTS: {"x": [1.0, 1.0], "y": [0.9], "z": [1.1]},
    }
    means = view_means(frame_of(rmse)).set_index(["view", "model"])
    assert means.loc[ALL, "rank"].to_dict() == {"x": 1, "y": 2, "z": 3}
    assert means.loc[WITHOUT_SUSPECTS, "rank"].to_dict() == {"x": 2, "y": 1, "z": 3}
    assert means.loc[WITHOUT_SUSPECTS, "rank_gain"].to_dict() == {"x": -1, "y": 1, "z": 0}
    assert means.loc[(ALL, "x"), "rmse_mean"] == pytest.approx(1.2**0.5)


def scores_of(errors):
    """Scores from {model: [RMSE per node]}; the error over all cells is the mean."""
    rows = []
    for model, values in errors.items():
        rows.append({"model": model, "scope": "all", "node": None, "rmse": np.mean(values)})
        rows += [{"model": model, "scope": "node", "node": f"n{n}", "rmse": v} for n, v in enumerate(values)]
    return pd.DataFrame(rows)


def test_wins_are_counted_by_node_and_against_the_best():
    wins = node_wins(scores_of({"a": [1, 1, 1, 4], "b": [2, 2, 0.5, 1], "c": [2, 1, 2, 3]})).set_index(
        "model"
    )
    assert wins["best"].unique().tolist() == ["b"]
    # Node n1 is a tie of a and c.
    assert wins["wins"].to_dict() == {"b": 2, "a": 2, "c": 1}
    assert wins["better_nodes"].dropna().to_dict() == {"a": 2, "c": 1}
    assert pd.isna(wins.loc["b", "median_change_share"])
    assert wins.loc["a", "median_change_share"] == pytest.approx(np.median([0.5, 0.5, 2, 4]) - 1)


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 1000))
def test_each_node_has_a_winner(models, nodes, seed):
    errors = np.random.default_rng(seed).random((models, nodes)) + 0.1
    wins = node_wins(scores_of({f"m{m}": list(row) for m, row in enumerate(errors)}))
    assert wins["wins"].sum() == nodes
    assert wins["share"].sum() == pytest.approx(1)
