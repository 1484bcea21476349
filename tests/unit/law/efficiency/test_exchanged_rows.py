"""Exchanged rows are found where they were exchanged, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.exchange import MeasuredOperation, ParameterRow, find_exchange

TRUE_ROWS = {
    "qkv": ParameterRow(0.70, 6.2, 0.77),
    "final": ParameterRow(0.69, 11.4, 0.79),
    "scores": ParameterRow(0.58, 7.2, 0.78),
    "output": ParameterRow(0.66, 8.6, 0.79),
}
ORDERS = {
    ("qkv", "final", "scores", "output"): (),
    ("final", "qkv", "scores", "output"): (("qkv", "final"),),
    ("final", "qkv", "output", "scores"): (("qkv", "final"), ("scores", "output")),
    ("final", "scores", "qkv", "output"): (("qkv", "final", "scores"),),
}


def data(noise, seed, rows=TRUE_ROWS):
    """Efficiencies of each operation at 12 widths and 5 lengths."""
    random = np.random.default_rng(seed)
    widths = np.repeat(64 * np.arange(1, 13), 5)
    lengths = np.tile(256 * np.arange(1, 6), 12)
    found = {}
    for number, (name, row) in enumerate(rows.items()):
        flops = (1 + number) * 128.0 * lengths * widths * (widths if number < 2 else lengths)
        efficiency = row.efficiency(flops) * np.exp(noise * random.standard_normal(len(flops)))
        found[name] = MeasuredOperation(flops, efficiency, widths)
    return found


@settings(max_examples=20, deadline=None)
@given(order=st.sampled_from(list(ORDERS)), noise=st.floats(0.0, 0.03), seed=st.integers(0, 1000))
def test_rows_are_found_wherever_they_were_put(order, noise, seed):
    printed = dict(zip(TRUE_ROWS, (TRUE_ROWS[name] for name in order), strict=True))
    found = find_exchange(printed, data(noise, seed), resamples=200)
    assert found.assignment == dict(zip(TRUE_ROWS, order, strict=True))
    assert found.exchanged == ORDERS[order]


def test_rows_that_noise_hides_are_not_called_exchanged():
    """The same row for all: which is best is chance, whatever the assignment says."""
    row = ParameterRow(0.7, 6.2, 0.77)
    rows = {"qkv": row, "final": ParameterRow(0.7, 6.25, 0.77), "scores": row, "output": row}
    for seed in range(20):
        found = find_exchange(rows, data(0.2, seed, dict.fromkeys(rows, row)), resamples=200)
        assert found.exchanged == ()


def test_a_finding_that_is_not_sure_says_so():
    rows = {"qkv": ParameterRow(0.7, 6.2, 0.77), "final": ParameterRow(0.7, 6.25, 0.77)}
    unsure = [
        found.sentence()
        for seed in range(30)
        for found in [find_exchange(rows, data(0.2, seed, dict.fromkeys(rows, rows["qkv"])), resamples=200)]
        if found.assignment["qkv"] == "final"
    ]
    assert unsure
    assert all("fit better elsewhere, but not surely" in one for one in unsure)


def test_what_cannot_be_compared_is_refused():
    measured = data(0.0, 0)
    with pytest.raises(Fault, match="expected at least two operations, each with a row and with data"):
        find_exchange({"qkv": TRUE_ROWS["qkv"]}, measured)
    one = measured["qkv"]
    for wrong, message in (
        (MeasuredOperation(one.flops[1:], one.efficiency, one.groups), "differ in length"),
        (MeasuredOperation(one.flops, np.where(one.flops > 1e10, np.nan, 0.1), one.groups), "position"),
        (MeasuredOperation(one.flops, one.efficiency, np.zeros(len(one.flops))), "vary too little"),
        (MeasuredOperation(one.flops, np.full(len(one.flops), 0.5), one.groups), "vary too little"),
    ):
        with pytest.raises(Fault, match=f"qkv: .*{message}"):
            find_exchange(TRUE_ROWS, measured | {"qkv": wrong})
