"""Sentinels that sums, means, differences and conversions hide are found in the readings of the file."""

import numpy as np
import pandas as pd
import pytest

from wattshed.data.findings.readings import find_readings
from wattshed.data.findings.warned import warnings_of
from wattshed.data.panel import Panel
from wattshed.data.resampling.written_sentinels import written_sentinels
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.data.splits import Segment
from wattshed.data.suspects import find_suspects

STEPS = 400


def panel_with(folder, sentinel, spacing="15min", **keys):
    """Two nodes; every 40th reading of ``b`` is the sentinel, beside its other readings of the same hour."""
    times = pd.date_range("2021-01-04", periods=STEPS, freq=spacing)
    load = np.round(np.random.default_rng(0).uniform(0.1, 2.0, (STEPS, 2)), 3)
    if keys.get("quantity") == "register":
        load = load.cumsum(axis=0).round(3)
    load[::40, 1] = sentinel
    pd.DataFrame({"time": times, "a": load[:, 0], "b": load[:, 1]}).to_csv(folder / "load.csv", index=False)
    return load_panel(Settings(path="load.csv", form="wide", **keys), folder)


@pytest.mark.parametrize(
    ("spacing", "keys"),
    [
        ("15min", {}),
        ("15min", {"unit": "kW"}),
        ("1h", {"unit": "W", "panel_unit": "kWh"}),
        ("1h", {"quantity": "register"}),
        ("5min", {"unit": "W", "resolution": "irregular"}),
    ],
)
@pytest.mark.parametrize("sentinel", [-9999, -999, 65535, 9_000_000, -12345])
def test_a_hidden_sentinel_is_named_with_its_node(tmp_path, spacing, keys, sentinel):
    panel = panel_with(tmp_path, sentinel, spacing, **keys)
    assert dict(panel.written_sentinels) == {"b": (sentinel, pytest.approx(10 / STEPS))}
    panel.write(tmp_path / "panel.safetensors")
    panel = Panel.read(tmp_path / "panel.safetensors")
    train = Segment("train", 0, len(panel.times))
    found = find_readings(panel, train).assign(node=panel.node_names)
    assert found["sentinel_value"].tolist()[1:] == [sentinel]
    assert found["sentinel_share"].tolist() == [0, pytest.approx(10 / STEPS)]
    said = " ".join(warnings_of(found))
    assert f"Node b reads {sentinel} in 2.5 % of its readings" in said
    assert "data.source.missing" in said
    reasons = find_suspects(panel, train, 1.0)["suspect_reason"]
    assert reasons.isna().tolist() == [True, False]


def test_declared_sentinels_are_missing_and_named_no_more(tmp_path):
    panel = panel_with(tmp_path, -9999, missing=[-9999])
    assert not panel.written_sentinels
    assert panel.observed[:, 0].all()
    assert (~panel.observed[:, 1]).sum() == 10


def test_a_node_without_a_row_has_no_sentinel():
    assert written_sentinels(np.empty((0, 1)), ["a"]) == {}
