"""The first picture of a panel: titles that suit its unit, and readings of any size."""

import numpy as np
import pandas as pd
import pytest

from wattshed.commands.printing.inspect_figure import draw_panel
from wattshed.data.panel import Panel


def made(unit, values, step_minutes=5):
    times = np.datetime64("2021-03-01", "s") + np.arange(len(values)) * np.timedelta64(60 * step_minutes, "s")
    return Panel(
        values=values.astype(np.float32),
        observed=np.ones(values.shape, bool),
        times=times,
        nodes=pd.DataFrame(index=pd.Index(["a", "b"], name="node")),
        unit=unit,
        timezone="UTC",
        source="made",
        step_minutes=step_minutes,
    )


@pytest.mark.parametrize(
    ("unit", "title", "top"),
    [
        ("mph", "mean reading of 2 nodes [mph]", 60),
        ("kWh", "load of 2 nodes, observed mean x nodes [kWh]", 120),
    ],
)
def test_speeds_are_not_summed_over_nodes_and_short_means_are_in_minutes(
    unit, title, top, tmp_path, monkeypatch
):
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    draw_panel(made(unit, np.full((6000, 2), 60.0)), [], tmp_path / "a.png")
    axes = drawn[0].axes[0]
    assert axes.get_title(loc="left") == f"{title}; means of 20 min, shade: least and largest (UTC)"
    assert axes.lines[0].get_ydata()[0] == top


def test_readings_of_very_different_sizes_are_drawn(tmp_path):
    values = np.random.default_rng(1).random((300, 2))
    values[:9, 0] = -9.223372e18
    values[9:20, 1] *= -1
    draw_panel(made("kWh", values), [-9999], tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
