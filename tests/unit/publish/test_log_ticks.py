from itertools import pairwise

import matplotlib.pyplot as plt
import pytest

from wattshed.publish.drawing.log_ticks import name_log_steps


@pytest.mark.parametrize(
    ("low", "high", "named", "most"),
    [
        (8, 300, ["10", "20", "50", "100", "200"], 7),
        (0.01, 20, ["0.01", "0.02", "0.05", "0.1"], 12),
        (2e-5, 2000, ["$\\mathdefault{10^{-4}}$", "$\\mathdefault{10^{3}}$"], 9),
    ],
)
def test_names_along_an_axis_do_not_overlap(low, high, named, most):
    figure, axis = plt.subplots(figsize=(5, 3))
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    name_log_steps(axis)
    figure.canvas.draw()
    ticks = [
        tick for tick in axis.get_xticklabels() if tick.get_text() and low <= tick.get_position()[0] <= high
    ]
    texts = [tick.get_text() for tick in ticks]
    assert set(named) <= set(texts)
    assert len(texts) <= most
    ends = sorted((box.x0, box.x1) for box in (tick.get_window_extent() for tick in ticks))
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert not any(tick.get_text() for tick in axis.get_xticklabels(minor=True))
    plt.close(figure)
