"""Labelled batches of seeded series, and small settings of ``gnn_stan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from wattshed.config.data.windows import WindowsBlock
from wattshed.data.connectivity import connectivity, node_features, z_scored
from wattshed.data.labelled import LabelledWindows
from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.families.gnn_stan import Settings, make
from wattshed.forecast.networks.stan.network import GnnStan

REGIONS = 7
SMALL: dict[str, Any] = {
    "recipe": "r",
    "regions": REGIONS,
    "graph_channels": (8, 6, 4),
    "graph_heads": 2,
    "edge_share": 0.5,
    "hidden": 4,
    "attention_heads": 2,
    "fusion_width": 8,
    "fusion_heads": 2,
    "dropout": 0.0,
}


def stan_settings(**keys: Any) -> Settings:
    return Settings(**{**SMALL, **keys})


def made_stan(classes: int = 3, seed: int = 1, **keys: Any) -> GnnStan:
    windows = WindowsBlock(look_back_h=12, horizon_h=1)
    network = make(stan_settings(**keys), windows, sp.csr_array((classes, classes)), seed)
    assert isinstance(network, GnnStan)
    return network


def made_batch(
    lengths: Sequence[int] = (12, 9, 12, 7), length: int = 12, regions: int = REGIONS, seed: int = 0
) -> LabelledBatch:
    """One window of each of these lengths, padded to ``length``, with the features that the data room makes."""
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(regions, regions))
    series = (random.normal(size=(sum(lengths), regions)) @ mixing).astype(np.float32)
    windows = LabelledWindows(
        series,
        tuple(f"region_{place}" for place in range(regions)),
        np.cumsum([0, *lengths[:-1]]),
        np.array(lengths),
        np.zeros(len(lengths), dtype=np.int64),
        length,
        (2.0,),
    )
    return labelled_batch(windows)


def labelled_batch(windows: LabelledWindows) -> LabelledBatch:
    """What networks read of all windows, each computed on its own."""
    rows = np.arange(len(windows.starts))
    known = windows.known(rows)
    scored = z_scored(windows.raw(rows), known)
    correlated = connectivity(scored, known)
    arrays = (scored, correlated, node_features(correlated))
    series, fc, features = (torch.from_numpy(array.astype(np.float32)) for array in arrays)
    return LabelledBatch(series, None if known.all() else torch.from_numpy(known), fc, features)


def same_loss(network: GnnStan, batch: LabelledBatch) -> torch.Tensor:
    """Cross-entropy with classes by turns."""
    logits = network(batch)[:, 0]
    classes = torch.arange(len(batch)) % logits.shape[1]
    return torch.nn.functional.cross_entropy(logits, classes)
