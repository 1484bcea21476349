"""Networks of all families on a few windows, one step of each, with and without a memory mechanism."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from made_pairs import random_pairs
from model_blocks import model_block, untrained
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.memory import MechanismBlock, MemoryBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.network import Network
from wattshed.foundation import plugins

WINDOWS = WindowsBlock(look_back_h=12, horizon_h=3)
# A forecast of a class is one step ahead.
EXAMPLE_WINDOWS = WindowsBlock(look_back_h=12, horizon_h=1)
CPU = torch.device("cpu")
NODES, REGIONS = 4, 6
# Small sizes, and no dropout, where the defaults of a family are large.
SMALL: dict[str, dict[str, Any]] = {
    "gnn_stan": {
        "regions": REGIONS,
        # Parts of a batch have other statistics than the batch.
        "norm": "layer",
        "graph_channels": (8, 6, 5),
        "graph_heads": 2,
        "edge_share": 0.6,
        "hidden": 4,
        "attention_heads": 2,
        "fusion_width": 8,
        "fusion_heads": 2,
        "dropout": 0.0,
    },
}


def block_of(form: str) -> ModelBlock:
    return model_block(form, **SMALL.get(form, {}))


def recipe_of(form: str, **keys: Any) -> RecipeBlock:
    """A recipe that can train the family; without clipping, which some mechanisms refuse."""
    samplings = plugins.load("family", form).samplings
    sampling = samplings[0] if samplings else "pairs"
    given = {"sampling": sampling, "batch": 4, "epochs": 1, "learning_rate": 1e-3, "schedule": "cosine"}
    loss = "cross_entropy" if sampling == "examples" else "squared"
    return RecipeBlock(**{**given, "scaling": "node", "clip_norm": None, "loss": loss, **keys})


def settings_of(kind: str, keys: Mapping[str, Any]) -> MechanismBlock:
    """A mechanism's settings, read as a configuration's are."""
    return MemoryBlock.model_validate({"mechanisms": [{"kind": kind, **keys}]}).mechanisms[0]


def families(kind: str) -> list[str]:
    """Families that are trained by gradients and offer what a mechanism asks."""
    mechanism = plugins.load("mechanism", kind)
    found = []
    for form in plugins.names("family"):
        family = plugins.load("family", form)
        offers = family.offers(block_of(form))
        enough = bool(mechanism.asks & offers) if asks_any(mechanism) else mechanism.asks <= offers
        if family.samplings and enough:
            found.append(form)
    return found


def asks_any(mechanism: Any) -> bool:
    """Whether one of what a mechanism asks is enough."""
    return bool(getattr(mechanism, "asks_any", False))


def windows_of(form: str) -> WindowsBlock:
    return EXAMPLE_WINDOWS if "examples" in plugins.load("family", form).samplings else WINDOWS


def plain(form: str) -> Network:
    """The family's network with the same weights each time."""
    return untrained(windows_of(form), NODES, form=form, **SMALL.get(form, {}))


def sizes(network: Network) -> dict[str, torch.Size]:
    return {name: one.shape for name, one in network.state_dict().items()}


def inputs_of(network: Network) -> Any:
    """A small batch as the network takes it; the same in every run."""
    random = torch.Generator().manual_seed(0)
    if network.takes == "windows":
        return torch.randn(3, WINDOWS.look_back_steps, NODES, generator=random)
    if network.takes == "examples":
        return labelled(3, EXAMPLE_WINDOWS.look_back_steps, random)
    return random_pairs(NODES, WINDOWS.look_back_steps)


def labelled(count: int, length: int, random: torch.Generator) -> Any:
    """Windows of random series; the last one is shorter than the others."""
    from wattshed.forecast.examples import LabelledBatch

    series = torch.randn(count, length, REGIONS, generator=random)
    known = torch.ones(count, length, dtype=torch.bool)
    known[-1, length - 3 :] = False
    series = series * known[..., None]
    connectivity = torch.stack([torch.corrcoef(one.T) for one in series])
    features = torch.rand(count, REGIONS, 4, generator=random)
    return LabelledBatch(series, known, connectivity, features)


def step_of(
    network: Network, inputs: Any, mechanism: Any = None, settings: Any = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The forecast and the gradients of a training step, by the name of the weights.

    The gradients are taken when they are complete, before a mechanism can release them.
    """
    gradients: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        return lambda gradient: gradients.__setitem__(name, gradient.detach().clone())

    hooks = [one.register_hook(keep(name)) for name, one in network.named_parameters() if one.requires_grad]
    network.train()
    torch.manual_seed(0)
    precision = None if mechanism is None else getattr(mechanism, "precision", lambda _: None)(settings)
    arithmetic = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else nullcontext()
    around = nullcontext() if mechanism is None else mechanism.around_step(settings, CPU)
    with around:
        with arithmetic:
            forecast = network(inputs)
            loss = forecast.float().square().mean()
            more = None if mechanism is None else mechanism.penalty(network, settings)
        # The backward pass takes each operation's own arithmetic, as a training step's does.
        (loss if more is None else loss + more).backward()
    for hook in hooks:
        hook.remove()
    return forecast.detach().float(), gradients
