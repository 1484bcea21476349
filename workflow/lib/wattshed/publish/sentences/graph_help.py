"""Whether the graph helps, in one plain sentence."""

import json
from collections.abc import Mapping
from typing import Any

from wattshed.accounts.sensitivity.graph_control import GraphControl, GraphUse, graph_control
from wattshed.config.models.controls import reads_graph
from wattshed.foundation import plugins
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import plain

SAID = {
    GraphUse.HELPS: "The graph helps",
    GraphUse.HURTS: "The graph hurts",
    GraphUse.UNDECIDED: "That the graph helps is not shown",
}


def graph_control_of(inputs: Inputs) -> GraphControl | None:
    """The study's control; None without a graph model. Needs ``config, scores, windows``."""
    models = inputs.config["models"]
    graph_models = [name for name, block in models.items() if has_neighbours(block)]
    return graph_control(models, graph_models, inputs.frame("scores"), inputs.frame("windows"))


def has_neighbours(block: Mapping[str, Any]) -> bool:
    """Whether a model of the resolved configuration uses the graph; a study's own family may be unknown here."""
    if block["form"] not in plugins.names("family"):
        return False
    return reads_graph(plugins.load("family", block["form"]).Settings.model_validate_json(json.dumps(block)))


def graph_sentence(control: GraphControl, unit: str) -> str:
    """The best graph model against its twin on a shuffled graph; unit: of the errors."""
    best = f"{control.model}, the graph model of least validation error"
    if control.twin is None or control.rise.mean is None or control.rise_share is None:
        return (
            f"Whether the graph helps is not known: {best}, has no control on a graph with shuffled nodes "
            "(key controls.shuffled_graph)."
        )
    rise = control.rise
    assert rise.mean is not None
    change = f"{plain(rise.mean, 4)} {unit} ({plain(100 * control.rise_share, 2)} %)"
    if rise.low is None or rise.high is None:
        return (
            f"Whether the graph helps is not known with one seed: with shuffled nodes, the test RMSE of {best}, "
            f"changes by {change} (n = {rise.n})."
        )
    return (
        f"{SAID[control.use]}: with shuffled nodes, the test RMSE of {best}, changes by {change}, 95 % interval "
        f"[{plain(rise.low, 4)}, {plain(rise.high, 4)}] {unit} (n = {rise.n} seeds, paired)."
    )
