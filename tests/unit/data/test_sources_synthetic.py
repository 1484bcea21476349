"""Synthetic panels: seeded, labelled, and with the stated structure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.config.data.graph import GraphBlock
from wattshed.data.graph import build_graph
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.synthetic import Settings as SyntheticSource
from wattshed.data.splits import Segment


def synthetic_panel(root, **keys):
    return load_panel(SyntheticSource(kind="synthetic", **{"nodes": 300, "hours": 24 * 7 * 6, **keys}), root)


@settings(max_examples=10, deadline=None)
@given(nodes=st.integers(2, 600), hours=st.integers(48, 400), seed=st.integers(0, 9))
def test_the_same_seed_gives_the_same_panel_at_any_size(root, nodes, hours, seed):
    first, second = (
        synthetic_panel(root, nodes=nodes, hours=hours, seed=seed, missing_share=0.2) for _ in range(2)
    )
    assert first.values.shape == (hours, nodes)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.nodes.equals(second.nodes)
    assert (first.values[first.observed] > 0).all()


def test_another_seed_gives_another_panel(root):
    assert not np.array_equal(synthetic_panel(root, seed=1).values, synthetic_panel(root, seed=2).values)


def test_a_synthetic_panel_is_labelled_as_synthetic(root):
    panel = synthetic_panel(root)
    assert panel.synthetic
    assert panel.source.startswith("synthetic")
    assert panel.intensity_g_per_kwh is None


def test_days_repeat_and_weekends_differ(root):
    values = synthetic_panel(root, nodes=100).values.mean(axis=1)
    assert np.corrcoef(values[24:], values[:-24])[0, 1] > 0.7
    daily = values.reshape(-1, 7, 24).sum(axis=2).mean(axis=0)
    assert daily[5:].mean() > 1.1 * daily[:5].mean()


def test_daily_peaks_follow_the_local_clock(root):
    utc, tokyo = synthetic_panel(root, timezone="UTC"), synthetic_panel(root, timezone="Asia/Tokyo")
    peaks = [np.argmax(panel.values.reshape(-1, 24, 300).mean(axis=(0, 2))) for panel in (utc, tokyo)]
    assert (peaks[0] - peaks[1]) % 24 == pytest.approx(9, abs=1)


def test_nodes_of_one_municipality_are_more_correlated_than_others(root):
    panel = synthetic_panel(root)
    place = panel.nodes["municipality"].to_numpy()
    alike = np.corrcoef(panel.values.T)
    same = (place[:, None] == place[None, :]) & ~np.eye(300, dtype=bool)
    assert alike[same].mean() > alike[place[:, None] != place[None, :]].mean() + 0.1


def test_a_synthetic_panel_has_spikes(root):
    values = synthetic_panel(root).values
    around = (values[:-2] + values[2:]) / 2
    assert 20 < (values[1:-1] > 4 * around).sum() < 120


def test_missing_hours_have_the_requested_share_and_come_in_blocks(root):
    observed = synthetic_panel(root, missing_share=0.2).observed
    assert 1 - observed.mean() == pytest.approx(0.2, abs=0.01)
    assert (observed.reshape(-1, 6, 300).all(axis=1) | ~observed.reshape(-1, 6, 300).any(axis=1)).all()


def test_the_metadata_graph_can_be_built_from_a_synthetic_panel(root):
    panel = synthetic_panel(root)
    graph = build_graph(panel, Segment("train", 0, 500), GraphBlock(), None)
    assert graph.method == "metadata"
    assert graph.node_names == panel.node_names
    assert graph.degrees().min() >= 10
