"""Whether the graph helps, and whether single nodes decide: what the order of the models rests on."""

from typing import Any

from wattshed.accounts.comparison.decisions import changes_against
from wattshed.accounts.sensitivity.graph_control import GraphUse
from wattshed.foundation.vocabulary import Comparison
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.graph_help import graph_control_of, graph_sentence
from wattshed.publish.sentences.sensitivity import suspects_sentence, wins_sentence
from wattshed.publish.typesetting.table import plain

GRAPH_WORDS = {
    Comparison.BETTER: "the graph helps",
    Comparison.NOT_TOLD_APART: "that the graph helps is not shown",
    Comparison.WORSE: "the graph does harm",
}


def control_sentences(inputs: Inputs) -> list[str]:
    """Shuffled graph, suspect nodes, wins by node; each where the study has what it needs."""
    sentences = []
    if graph := graph_line(inputs):
        sentences.append(graph)
    if "sensitivity" in inputs:
        sensitivity, quality = inputs.frame("sensitivity"), inputs.frame("quality")
        days, best = inputs.frame("sensitivity_days"), decisions_of(inputs).best
        sentences.append(suspects_sentence(sensitivity, days, best, quality, inputs.unit))
    return [*sentences, wins_sentence(inputs.frame("scores"))]


def graph_line(inputs: Inputs) -> str | None:
    """The best graph model against its twin on a shuffled graph, by the study's paired test; None without one."""
    control = graph_control_of(inputs)
    if control is None:
        return None
    change = graph_change(inputs)
    if change is None:
        return graph_sentence(control, inputs.unit)
    low, high = (plain(100 * change[f"change_{end}"], 1) for end in ("low", "high"))
    return (
        f"{control.model} on the real graph against its control with shuffled nodes, {control.twin}: RMSE "
        f"{plain(100 * change['change_share'], 1)} % [{low}, {high}]: {GRAPH_WORDS[Comparison(change['outcome'])]}."
    )


def graph_words(inputs: Inputs) -> str:
    """The same in few words, for the first screen; empty without a graph model."""
    change = graph_change(inputs)
    if change is not None:
        return f"For the best graph model: {GRAPH_WORDS[Comparison(change['outcome'])]}."
    return "" if graph_control_of(inputs) is None else "Whether a graph helps is not known."


def graph_change(inputs: Inputs) -> dict[str, Any] | None:
    """Row of :func:`changes_against` of the best graph model against its twin; None without a pair of several seeds.

    One seed does not show how much two trainings of the same network differ.
    """
    control = graph_control_of(inputs)
    days = inputs.frame("days")
    if control is None or control.twin is None or not {control.model, control.twin} <= set(days["model"]):
        return None
    if control.use == GraphUse.UNKNOWN:
        return None
    rows = changes_against(days, control.twin).to_dict("records")
    return next(
        {str(key): value for key, value in row.items()} for row in rows if row["model"] == control.model
    )
