"""A small panel with something to learn, and its task."""

import numpy as np
import pandas as pd

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.graph import Graph, build_graph
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.forecast.protocol import ForecastTask


def small_panel(hours: int = 1500, nodes: int = 5, seed: int = 0, missing_share: float = 0.0) -> Panel:
    """Daily cycles with noise, so that there is something to learn; labelled synthetic."""
    random = np.random.default_rng(seed)
    hour = np.arange(hours)
    phase = random.uniform(0, 6, nodes)
    size = random.uniform(0.5, 4, nodes)
    cycle = 1.5 + np.sin(2 * np.pi * (hour[:, None] - phase) / 24)
    values = (size * cycle + 0.1 * random.standard_normal((hours, nodes))).astype(np.float32)
    observed = random.random((hours, nodes)) >= missing_share
    values[~observed] = np.nan
    times = np.datetime64("2021-01-01T00:00:00", "s") + hour * np.timedelta64(1, "h")
    table = pd.DataFrame(index=pd.Index([f"node_{index}" for index in range(nodes)], name="node"))
    return Panel(values, observed, times, table, "kWh", "UTC", "test", synthetic=True)


def task_of(panel: Panel, look_back_steps: int = 12, horizon_steps: int = 3) -> ForecastTask:
    windows = WindowsBlock(
        look_back_steps=look_back_steps, horizon_steps=horizon_steps, step_minutes=panel.step_minutes
    )
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(), windows), windows)


def graph_of(task: ForecastTask, neighbours: int = 2) -> Graph:
    return build_graph(task.panel, task.splits.train, GraphBlock(neighbours=neighbours), None)
