"""Series are cut so that no window crosses a cut, none overlaps outside of training, and no owner is in two parts."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_scans import KEYS, cutting_of, made_series, made_values, scan_panel
from wattshed.data.sources.cutting_series import PARTS, Series, by_owner, cut_panel, in_time, rows_of
from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.foundation.faults import Fault


def part_of_rows(panel):
    return np.searchsorted(panel.cuts, np.arange(len(panel.times)), side="right")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(80, 300), min_size=2, max_size=5),
    st.integers(4, 20),
    st.integers(1, 30),
    st.integers(0, 5),
)
def test_no_window_crosses_a_cut_and_only_training_windows_overlap(lengths, length, stride, gap):
    keys = LabelledBlock(kind="made", training_stride=stride, gap_samples=gap, minimum_known_share=0.2)
    panel = scan_panel(lengths=lengths, length=length, keys=keys)
    windows, parts = panel.windows, part_of_rows(panel)
    first = np.cumsum([0, *lengths])
    for owner in range(len(lengths)):
        used = []
        for part in range(len(PARTS)):
            rows = np.flatnonzero((windows.owners == owner) & (parts == part))
            assert len(rows)
            starts, ends = windows.starts[rows], windows.starts[rows] + windows.lengths[rows]
            assert (panel.values[rows].argmax(axis=1) == owner).all()
            assert starts.min() >= first[owner]
            assert ends.max() <= first[owner + 1]
            order = np.argsort(starts)
            if part:
                assert (starts[order][1:] >= ends[order][:-1]).all()
            used.append((starts.min(), ends.max()))
        for (_, end), (start, _) in itertools.pairwise(used):
            assert start >= end + gap


def test_rows_are_counted_without_the_values():
    panel = scan_panel(lengths=(200, 210, 90), length=16)
    empty = [Series(str(samples), str(samples), np.empty((samples, 0))) for samples in (200, 210, 90)]
    rows = rows_of(empty, in_time(empty, cutting_of(16), KEYS.gap_samples), 16, KEYS, "made")
    assert np.cumsum(rows).tolist() == [*panel.cuts, len(panel.times)]


def test_rows_of_a_part_are_in_order_of_relative_time_and_a_day_holds_all_scans():
    panel = scan_panel(lengths=[600] * 12, length=20)
    windows, parts = panel.windows, part_of_rows(panel)
    first = np.cumsum([0, *[600] * 12])
    for part in (1, 2, 3):
        rows = np.flatnonzero(parts == part)
        inside = windows.starts[rows] - first[windows.owners[rows]]
        assert (np.diff(inside) >= 0).all()
        for day in range(len(rows) // 24):
            np.testing.assert_array_equal(np.bincount(windows.owners[rows[24 * day : 24 * day + 24]]), 2)


def test_a_short_part_becomes_one_padded_window_or_is_refused():
    panel = scan_panel(lengths=(200, 50))
    short = panel.windows.lengths[panel.windows.owners == 1]
    assert short.tolist().count(10) == 3
    assert any("are shorter than 16 samples, padded and masked" in note for note in panel.notes)
    strict = LabelledBlock(kind="made", minimum_known_share=1)
    with pytest.raises(
        Fault, match="series 'scan_1' has 10 samples in its part 'validation'; expected at least 16"
    ):
        scan_panel(lengths=(200, 50), keys=strict)
    with pytest.raises(Fault, match="has 0 samples in its part 'validation'"):
        scan_panel(lengths=(200, 200), keys=LabelledBlock(kind="made", gap_samples=100))


def test_one_class_is_refused():
    series = [Series("a", "same", made_values(90)), Series("b", "same", made_values(90))]
    with pytest.raises(Fault, match="all 2 series are of class 'same'; expected at least two classes"):
        cut_panel(series, list("abcdef"), in_time(series, cutting_of(8), 0), 8, KEYS, "made")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(4, 9), min_size=2, max_size=3), st.integers(1, 3), st.integers(0, 99))
def test_no_owner_is_in_two_parts_and_every_class_is_in_each(owners, each, seed):
    values = made_values(40)
    series = [
        Series(f"{label}_{owner}_{scan}", str(label), values, owner=f"{label}_{owner}")
        for label, count in enumerate(owners)
        for owner in range(count)
        for scan in range(each)
    ]
    found = by_owner(series, cutting_of(8), "made", seed)
    assert [stretch.owner for stretch in found] == list(range(len(series)))
    parts = {}
    for stretch in found:
        parts.setdefault(series[stretch.owner].owner, set()).add(stretch.part)
    assert all(len(one) == 1 for one in parts.values())
    for label, count in enumerate(owners):
        own = [min(parts[f"{label}_{owner}"]) for owner in range(count)]
        assert set(own) == set(range(len(PARTS)))
        assert own.count(0) >= max(own.count(part) for part in (1, 2, 3))
    assert found == by_owner(series, cutting_of(8), "made", seed)


def test_too_few_owners_and_an_owner_of_two_classes_are_refused():
    series = [Series(f"s{place}", "ab"[place % 2], made_values(40)) for place in range(6)]
    with pytest.raises(Fault, match="class 'a' has 3 owners of series; expected at least 4"):
        by_owner(series, cutting_of(8), "labels.csv")
    twice = [Series("s", "a", made_values(40), owner="x"), Series("t", "b", made_values(40), owner="x")]
    with pytest.raises(Fault, match="owner 'x' has series of the classes 'a' and 'b'"):
        by_owner(twice, cutting_of(8), "labels.csv")


def test_the_panel_says_what_it_is():
    panel = scan_panel()
    assert panel.unit == "probability"
    assert panel.node_names == ["scan_0", "scan_1", "scan_2"]
    assert panel.observed.all()
    assert panel.nodes["series"].tolist() == [1, 1, 1]
    assert made_series()[2].values.shape == (90, 6)
