"""Former names of the networks; they have moved to ``forecast.networks``."""

import scipy.sparse as sp

from wattshed.config.data.data import WindowsBlock
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network
from wattshed.forecast.networks.dlinear import DLinear
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.reference import ReferenceSTGNN
from wattshed.forecast.networks.residual import Residual


def parameter_count(network: Network) -> int:
    return network.parameter_count()


def make_pair_network(block: ModelBlock, windows: WindowsBlock, nodes: int, seed: int) -> Network:
    return make_network(block, windows, sp.csr_array((nodes, nodes)), seed)


__all__ = [
    "STGNN",
    "DLinear",
    "ReferenceSTGNN",
    "Residual",
    "make_network",
    "make_pair_network",
    "parameter_count",
]
