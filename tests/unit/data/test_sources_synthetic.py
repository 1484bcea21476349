"""Invented panels: seeded, labelled, with the structure that they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.config.data.graph import GraphBlock
from wattshed.data.graph import build_graph
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.synthetic import Settings as SyntheticSource
from wattshed.data.splits import Segment


def made(root, **keys):
    return load_panel(SyntheticSource(kind="synthetic", **{"nodes": 300, "hours": 24 * 7 * 6, **keys}), root)


@settings(max_examples=10, deadline=None)
@given(nodes=st.integers(2, 600), hours=st.integers(48, 400), seed=st.integers(0, 9))
def test_any_size_and_the_same_seed_gives_the_same_panel(root, nodes, hours, seed):
    first, second = (made(root, nodes=nodes, hours=hours, seed=seed, missing_share=0.2) for _ in range(2))
    assert first.values.shape == (hours, nodes)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.nodes.equals(second.nodes)
    assert (first.values[first.observed] > 0).all()


def test_another_seed_is_another_panel(root):
    assert not np.array_equal(made(root, seed=1).values, made(root, seed=2).values)


def test_it_says_that_it_is_synthetic(root):
    panel = made(root)
    assert panel.synthetic
    assert panel.source.startswith("synthetic")
    assert panel.intensity_g_per_kwh is None


def test_days_repeat_and_weekends_differ(root):
    values = made(root, nodes=100).values.mean(axis=1)
    assert np.corrcoef(values[24:], values[:-24])[0, 1] > 0.7
    daily = values.reshape(-1, 7, 24).sum(axis=2).mean(axis=0)
    assert daily[5:].mean() > 1.1 * daily[:5].mean()


def test_the_day_follows_the_local_clock(root):
    utc, tokyo = made(root, timezone="UTC"), made(root, timezone="Asia/Tokyo")
    peaks = [np.argmax(panel.values.reshape(-1, 24, 300).mean(axis=(0, 2))) for panel in (utc, tokyo)]
    assert (peaks[0] - peaks[1]) % 24 == pytest.approx(9, abs=1)


def test_neighbours_move_together(root):
    panel = made(root)
    place = panel.nodes["municipality"].to_numpy()
    alike = np.corrcoef(panel.values.T)
    same = (place[:, None] == place[None, :]) & ~np.eye(300, dtype=bool)
    assert alike[same].mean() > alike[place[:, None] != place[None, :]].mean() + 0.1


def test_it_has_spikes(root):
    values = made(root).values
    around = (values[:-2] + values[2:]) / 2
    assert 20 < (values[1:-1] > 4 * around).sum() < 120


def test_the_missing_share_is_met_in_runs(root):
    observed = made(root, missing_share=0.2).observed
    assert 1 - observed.mean() == pytest.approx(0.2, abs=0.01)
    assert (observed.reshape(-1, 6, 300).all(axis=1) | ~observed.reshape(-1, 6, 300).any(axis=1)).all()


def test_the_studys_weighted_graph_can_be_built(root):
    panel = made(root)
    graph = build_graph(panel, Segment("train", 0, 500), GraphBlock(), None)
    assert graph.method == "metadata"
    assert graph.node_names == panel.node_names
    assert graph.degrees().min() >= 10
