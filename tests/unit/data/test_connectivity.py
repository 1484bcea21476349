"""Connectivity and features of many windows equal those of one window at a time, written out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_scans import made_values, scan_panel
from wattshed.data.connectivity import (
    CHUNK,
    FEATURES,
    connectivity,
    node_features,
    upper_triangles,
    window_connectivity,
    window_parts,
    z_scored,
)
from wattshed.data.sources.labelled_block import LabelledBlock


def slow_features(fc):
    """The source's four features, region by region."""
    regions = len(fc)
    _, vectors = np.linalg.eigh(fc)
    found = np.zeros((regions, 4))
    for one in range(regions):
        degree = sum(abs(fc[one, other]) for other in range(regions))
        walks = sum(fc[one, a] * fc[a, b] * fc[b, one] for a in range(regions) for b in range(regions))
        found[one] = degree, walks / degree, abs(vectors[one, -1]), degree / regions
    return found


def test_windows_are_those_computed_one_at_a_time():
    panel = scan_panel((200, 120, 50), keys=LabelledBlock(kind="made", training_stride=1))
    windows = panel.windows
    found = window_parts(windows)
    assert len(windows.starts) > CHUNK
    assert (windows.lengths < 16).any()
    for row in (0, 5, CHUNK, len(windows.starts) - 1, int(np.argmin(windows.lengths))):
        start, count = windows.starts[row], windows.lengths[row]
        own = windows.series[start : start + count].astype(np.float64)
        fc = np.corrcoef(own.T)
        np.testing.assert_allclose(found.connectivity[row], fc, atol=1e-5)
        np.testing.assert_allclose(found.features[row], slow_features(fc), rtol=2e-4, atol=2e-4)
        scored = (own - own.mean(axis=0)) / own.std(axis=0)
        np.testing.assert_allclose((own - found.mean[row]) * found.scale[row], scored, atol=1e-4)
    assert found.padded
    assert found.series is windows.series
    assert FEATURES == ("degree", "clustering", "eigenvector", "mean")
    assert all(
        array.dtype == np.float32 for array in (found.mean, found.scale, found.connectivity, found.features)
    )


def test_connectivity_of_some_rows_is_that_of_all():
    windows = scan_panel().windows
    rows = np.array([3, 1, 20])
    np.testing.assert_array_equal(
        window_connectivity(windows, rows), window_parts(windows).connectivity[rows]
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 12), st.floats(0.1, 1e3), st.floats(-1e4, 1e4), st.integers(0, 50))
def test_connectivity_does_not_depend_on_scale_offset_or_padding(count, scale, offset, seed):
    values = made_values(12, seed=seed).astype(np.float64)[None] - 100
    known = (np.arange(12) < count)[None]
    first = connectivity(z_scored(values, known), known)
    garbage = np.where(known[:, :, None], scale * values + offset, 1e9)
    np.testing.assert_allclose(connectivity(z_scored(garbage, known), known), first, atol=1e-6)
    np.testing.assert_allclose(first, first.transpose(0, 2, 1))
    assert (np.abs(first) <= 1).all()


def test_a_constant_region_correlates_with_none_and_gives_numbers():
    panel = scan_panel()
    series = panel.windows.series.copy()
    series[:, 2] = 7345.678
    found = window_parts(replace(panel.windows, series=series))
    assert not found.connectivity[:, 2].any()
    assert not found.connectivity[:, :, 2].any()
    assert not found.scale[:, 2].any()
    for array in (found.mean, found.scale, found.connectivity, found.features):
        assert np.isfinite(array).all()
    assert not found.features[:, 2, [0, 1, 3]].any()


def test_pairs_are_each_once_and_leave_the_diagonal_out():
    fc = np.arange(16.0).reshape(1, 4, 4)
    np.testing.assert_array_equal(upper_triangles(fc), [[1, 2, 3, 6, 7, 11]])


def test_features_of_a_known_matrix():
    fc = np.array([[[1.0, 0.5], [0.5, 1.0]]])
    degree, walks = 1.5, 1 + 3 * 0.25
    expected = [degree, walks / degree, np.sqrt(0.5), degree / 2]
    assert node_features(fc)[0, 0] == pytest.approx(expected)
