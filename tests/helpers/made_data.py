"""The panel, graph and quality of a made study."""

from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.data.findings.readings import find_readings
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment
from wattshed.foundation.tensor_file import write_tensors

HOURS, NODES = 24 * 60, 17


def make_panel(random: np.random.Generator) -> Panel:
    hour = np.arange(HOURS)
    size = np.linspace(0.3, 3, NODES)
    day = 1 + 0.8 * np.sin(2 * np.pi * (hour[:, None] - random.uniform(6, 12, NODES)) / 24)
    values = (size * (0.2 + day + random.gamma(0.6, 0.5, (HOURS, NODES)))).astype(np.float32)
    observed = np.ones((HOURS, NODES), dtype=bool)
    observed[24 * 43 : 24 * 43 + 9, 3] = False
    values[~observed] = np.nan
    times = np.datetime64("2017-01-01T00:00:00", "s") + hour * np.timedelta64(1, "h")
    nodes = pd.DataFrame(index=pd.Index([f"home_{n:02d}" for n in range(NODES)], name="node"))
    notes = ("Readings of 17 homes & their <meters>.",)
    return Panel(
        values, observed, times, nodes, "kWh", "Europe/Madrid", "homes (made for tests)", True, None, notes
    )


def write_graph(path: Path, panel: Panel, random: np.random.Generator) -> None:
    dense = random.random((NODES, NODES)) < 0.3
    dense |= dense.T | np.eye(NODES, dtype=bool)
    indptr = np.r_[0, dense.sum(axis=1).cumsum()]
    tensors = {
        "indptr": indptr.astype(np.int64),
        "indices": np.nonzero(dense)[1].astype(np.int64),
        "weights": np.ones(int(indptr[-1]), dtype=np.float32),
    }
    write_tensors(path, tensors, {"node_names": panel.node_names, "method": "load_shape"})


def make_quality(panel: Panel) -> pd.DataFrame:
    readings = find_readings(panel, Segment("train", 0, HOURS))
    coverage = panel.observed.mean(axis=0)
    return pd.DataFrame(
        {
            "node": panel.node_names,
            "hours": HOURS,
            "coverage_share": coverage,
            "imputed_share": 0.0,
            "gap_count": (coverage < 1).astype(int),
            "longest_gap_h": (~panel.observed).sum(axis=0),
            "constant_share": 0.01,
            "spike_count": np.arange(NODES) % 3,
            "mean": np.nanmean(panel.values, axis=0),
            "maximum": np.nanmax(panel.values, axis=0),
            **{name: readings[name] for name in readings},
            "near_zero_share": [0.6, *[0.01] * (NODES - 1)],
            "daytime_share": [0.93, *[0.42] * (NODES - 1)],
            "suspect_reason": pd.array(
                ["reads like solar generation", *[None] * (NODES - 1)], dtype="string"
            ),
        }
    )
