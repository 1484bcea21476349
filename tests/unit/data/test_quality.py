"""The quality report compared with small panels of known quality and with a slow count."""

from itertools import groupby

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from wattshed.data.findings.readings import find_readings
from wattshed.data.panel import Panel
from wattshed.data.quality import SPIKE_RANGES, STUCK_H, assess_quality, runs
from wattshed.data.splits import Segment
from wattshed.data.suspects import find_suspects


def panel_of(values: np.ndarray, observed: np.ndarray | None = None) -> Panel:
    values = values.astype(np.float32)
    observed = ~np.isnan(values) if observed is None else observed
    times = np.datetime64("2021-01-01T00:00:00", "s") + np.arange(len(values)) * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"n{index}" for index in range(values.shape[1])], name="node"))
    return Panel(values, observed, times, nodes, "kWh", "UTC", "test")


def row_of(series: np.ndarray, observed: np.ndarray | None = None) -> pd.Series:
    return assess_quality(panel_of(series[:, None], None if observed is None else observed[:, None])).iloc[0]


@pytest.fixture
def noise() -> np.ndarray:
    return 1 + np.random.default_rng(0).random(1000)


def test_the_columns_are_those_listed_in_the_architecture_page(noise, root):
    table = assess_quality(panel_of(noise[:, None]))
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("| `data/quality.parquet`"))
    every, of_readings, in_training = (text.split(", ") for text in line.split("`")[-6:-1:2])
    assert every == table.columns.tolist()
    panel = panel_of(noise[:, None])
    assert of_readings == find_readings(panel, Segment("train", 0, 500)).columns.tolist()
    assert in_training == find_suspects(panel, Segment("train", 0, 500), 0.3).columns.tolist()


def test_a_clean_node_has_full_coverage_and_no_gaps_or_spikes(noise):
    row = row_of(noise)
    assert row["node"] == "n0"
    assert row["hours"] == 1000
    assert row["coverage_share"] == 1
    assert (
        row[["imputed_share", "gap_count", "longest_gap_h", "constant_share", "spike_count"]].tolist()
        == [0] * 5
    )
    assert row["mean"] == pytest.approx(noise.mean(), rel=1e-6)
    assert row["maximum"] == pytest.approx(noise.max(), rel=1e-6)


def test_gaps_at_the_ends_and_between_are_counted(noise):
    noise[:3] = noise[10] = noise[500:507] = noise[-2:] = np.nan
    row = row_of(noise)
    assert (row["gap_count"], row["longest_gap_h"]) == (4, 7)
    assert row["coverage_share"] == pytest.approx(0.987)
    assert row["imputed_share"] == 0


def test_imputed_hours_count_as_a_gap_and_not_in_the_maximum_and_spikes(noise):
    observed = np.ones(1000, dtype=bool)
    observed[100:200] = False
    noise[100:200] = 99
    row = row_of(noise, observed)
    assert row["imputed_share"] == pytest.approx(0.1)
    assert (row["gap_count"], row["longest_gap_h"]) == (1, 100)
    assert row["maximum"] < 2.1
    assert row["spike_count"] == 0


def test_only_constant_runs_of_a_day_or_more_count_as_stuck(noise):
    noise[100 : 100 + STUCK_H] = 1.25
    noise[300 : 300 + STUCK_H - 1] = 1.75
    assert row_of(noise)["constant_share"] == pytest.approx(STUCK_H / 1000)
    assert row_of(np.ones(1000))["constant_share"] == 1


def test_a_gap_ends_a_stuck_run():
    stuck = np.ones(1000)
    stuck[STUCK_H - 1 :: STUCK_H] = np.nan
    assert row_of(stuck)["constant_share"] == 0


def test_spikes_up_and_down_are_counted(noise):
    noise[[5, 6, 700]] = [100, -50, 30]
    assert row_of(noise)["spike_count"] == 3


def test_a_node_without_spread_has_no_spikes():
    flat = np.ones(1000)
    flat[3] = 7
    assert row_of(flat)["spike_count"] == 0


@settings(max_examples=40, deadline=None)
@given(
    values=npst.arrays(
        np.float32,
        st.tuples(st.integers(2, 60), st.integers(1, 4)),
        elements=st.sampled_from([0, 1, 2, 50, np.nan]),
    ),
    imputed=st.integers(0, 3),
)
def test_the_quality_table_equals_a_slow_count(values, imputed):
    values[0] = 1
    observed = ~np.isnan(values)
    observed[1::7][:imputed] = False
    observed[0] = True
    table = assess_quality(panel_of(values, observed))
    for column, row in table.iterrows():
        seen, series = observed[:, column], values[:, column]
        gaps = [len(list(group)) for missing, group in groupby(~seen) if missing]
        assert row["gap_count"] == len(gaps)
        assert row["longest_gap_h"] == max(gaps, default=0)
        assert row["coverage_share"] == pytest.approx(seen.mean())
        assert row["imputed_share"] == pytest.approx((~seen & ~np.isnan(series)).mean())
        stuck = [
            len(list(group))
            for value, group in groupby([float(v) if s else None for v, s in zip(series, seen, strict=True)])
            if value is not None
        ]
        assert row["constant_share"] == pytest.approx(sum(n for n in stuck if n >= STUCK_H) / seen.sum())
        ordered = np.sort(series[seen])
        lower, upper = ordered[(len(ordered) - 1) // 4], ordered[3 * (len(ordered) - 1) // 4]
        reach = SPIKE_RANGES * (upper - lower)
        outside = (series[seen] > upper + reach) | (series[seen] < lower - reach)
        assert row["spike_count"] == (outside.sum() if reach > 0 else 0)
        assert row["mean"] == pytest.approx(series[seen].mean(), rel=1e-5)
        assert row["maximum"] == series[seen].max()


def test_many_nodes_are_reported_in_the_panels_order():
    values = np.tile(np.arange(600, dtype=np.float32), (50, 1)) + np.random.default_rng(1).random((50, 600))
    table = assess_quality(panel_of(values))
    assert table["node"].tolist() == [f"n{index}" for index in range(600)]
    assert np.floor(table["maximum"]).tolist() == list(range(600))


def test_runs_of_a_mask_are_found_with_row_and_length():
    row, length = runs(np.array([[True, True, False, True], [False, False, False, False]]))
    assert row.tolist() == [0, 0]
    assert length.tolist() == [2, 1]
