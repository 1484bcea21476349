"""A synthetic panel with a random graph, on which the house's own networks take real training steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import scipy.sparse as sp

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.graph import Graph
from wattshed.data.panel import HOUR, Panel
from wattshed.data.splits import split_calendar
from wattshed.forecast.protocol import ForecastTask

HOURS = 24 * 7 * 8
NODES, NEIGHBOURS = 48, 6
# Of the cells; training must mask some.
MISSING_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class World:
    """One panel and graph; tasks differ in their windows."""

    panel: Panel
    graph: Graph

    @classmethod
    def make(cls, seed: int, nodes: int = NODES, hours: int = HOURS) -> World:
        """Daily cycles with noise, in kWh."""
        random = np.random.default_rng(seed)
        hour = np.arange(hours)
        cycle = 1.5 + np.sin(2 * np.pi * (hour[:, None] - random.uniform(0, 6, nodes)) / 24)
        values = (cycle + 0.1 * random.standard_normal((hours, nodes))).astype(np.float32)
        observed = random.random((hours, nodes)) >= MISSING_SHARE
        values[~observed] = np.nan
        times = np.datetime64("2021-01-04T00:00:00", "s") + hour * HOUR
        names = pd.Index([f"node_{number}" for number in range(nodes)], name="node")
        panel = Panel(
            values,
            observed,
            times,
            pd.DataFrame(index=names),
            "kWh",
            "UTC",
            "calibration (synthetic)",
            synthetic=True,
        )
        return cls(panel, Graph(random_adjacency(nodes, NEIGHBOURS, seed), list(names), "random"))

    @lru_cache(maxsize=16)  # noqa: B019 (one world lives as long as a calibration)
    def task(self, look_back_steps: int, horizon_steps: int) -> ForecastTask:
        windows = WindowsBlock(look_back_steps=look_back_steps, horizon_steps=horizon_steps)
        return ForecastTask(self.panel, split_calendar(self.panel, SplitsBlock(), windows), windows)


def random_adjacency(nodes: int, neighbours: int, seed: int) -> sp.csr_array:
    """About ``neighbours`` random neighbours of each node, symmetric, with self loops, normalised: CSR [N, N]."""
    random = np.random.default_rng(seed)
    count = nodes * max(1, neighbours // 2)
    rows, columns = random.integers(nodes, size=count), random.integers(nodes, size=count)
    linked = sp.coo_array((np.ones(count), (rows, columns)), shape=(nodes, nodes)).tocsr()
    linked = linked + linked.T + sp.eye_array(nodes, format="csr")
    linked.data[:] = 1.0
    scale = sp.diags_array(1 / np.sqrt(linked.sum(axis=1)))
    adjacency = sp.csr_array(scale @ linked @ scale)
    adjacency.sort_indices()
    return adjacency.astype(np.float32)
