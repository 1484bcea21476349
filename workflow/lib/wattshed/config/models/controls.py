"""The ``controls`` block: models that are trained only to be compared with."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from wattshed.config.block import Block
from wattshed.config.models.families import ModelBlock
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import Information

SHUFFLED = "shuffled"


def reads_graph(model: ModelBlock) -> bool:
    """Whether the forecasts of a model use a node's neighbours: its family can, and its settings let it."""
    family = plugins.load("family", model.form)
    sees = getattr(family, "sees", None)
    found = None if sees is None else sees(model)
    return bool(family.reads_graph) and (found is None or Information.NEIGHBOURS in found)


SUFFIX = "_shuffled"


class ControlsBlock(Block):
    """Controls of the study's models."""

    shuffled_graph: list[str] | None = Field(
        default=None,
        description="Models that get a twin `{name}_shuffled`, alike in everything but its graph, whose nodes are "
        "renamed at random: it shows whether the graph helps. Empty means every model with a graph that has no twin "
        "yet; each twin costs one more training. Name those that may become the best graph model to save the others, "
        "or write [] for none.",
    )


def twin_of(name: str, models: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The model that differs from another one in its shuffled graph alone; None if there is none.

    models: blocks by name, as dictionaries. A model on a shuffled graph has no twin.
    """
    own = models[name]
    if own.get("graph") == SHUFFLED:
        return None
    wanted = {**own, "graph": SHUFFLED}
    return next((other for other, block in models.items() if {**block} == wanted), None)


def with_twins(
    models: Mapping[str, ModelBlock], graph_models: Iterable[str], controls: ControlsBlock
) -> dict[str, ModelBlock]:
    """The models, each followed by its twin if the controls ask for one that is missing.

    graph_models: names of the models that read a graph and whose graph is not shuffled. Raises :class:`ValueError` for
    a name in ``controls`` that is not one of them, and for a twin's name that another model has.
    """
    possible = list(graph_models)
    named = possible if controls.shuffled_graph is None else controls.shuffled_graph
    for place, name in enumerate(named):
        if name not in possible:
            raise ValueError(
                f"controls.shuffled_graph.{place} is {name!r}; expected one of the models with a graph that is not "
                f"shuffled: {possible}"
            )
    blocks = {name: model.model_dump() for name, model in models.items()}
    found: dict[str, ModelBlock] = {}
    for name, model in models.items():
        found[name] = model
        if name not in named or twin_of(name, blocks) is not None:
            continue
        twin = f"{name}{SUFFIX}"
        if twin in models:
            raise ValueError(
                f"models.{twin} has the name of the shuffled twin of {name!r} but other settings; expected the same "
                "ones with graph: shuffled; rename it"
            )
        found[twin] = model.model_copy(update={"graph": SHUFFLED})
    return found
