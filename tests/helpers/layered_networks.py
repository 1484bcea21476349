"""Networks of several layers with random weights, and the series that they read."""

import torch

from wattshed.config.data.windows import WindowsBlock
from wattshed.forecast.series import ScaledSeries

CPU = torch.device("cpu")
WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
FAMILIES = ("stgnn", "gru", "stgnn_reference")
DEEP = {"hidden": 7, "channels": 5, "recurrent_layers": 3}
RESIDUAL = {"form": "stgnn", "linear_part": True, "calendar": True, "node_table": True}


def randomised(network, seed=2):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.3)
    return network


def series_of(task, graph, engine="auto"):
    return ScaledSeries.make(task, graph.adjacency, "node", CPU, engine)
