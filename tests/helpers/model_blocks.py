"""Blocks of models, read by their family."""

from typing import Any

import scipy.sparse as sp

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import ModelBlock, read_model
from wattshed.forecast.families.family import make_network
from wattshed.forecast.network import Network


def model_block(form: str = "stgnn", **keys: Any) -> ModelBlock:
    """The block of a model of this family, with the recipe ``r`` unless another is given."""
    return read_model({"form": form, "recipe": "r", **keys})


def untrained(windows: WindowsBlock, nodes: int, seed: int = 1, **keys: Any) -> Network:
    """A network of that block with weights drawn from the seed, on a graph of self loops only."""
    return make_network(model_block(**keys), windows, sp.eye_array(nodes, format="csr"), seed)
