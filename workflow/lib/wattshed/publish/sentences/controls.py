"""Whether the graph helps, and whether single nodes decide: what the order of the models rests on."""

from collections.abc import Mapping
from typing import Any

from wattshed.accounts.comparison.decisions import changes_against
from wattshed.foundation.vocabulary import Comparison
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.sensitivity import suspects_sentence, wins_sentence
from wattshed.publish.typesetting.table import plain

GRAPH_WORDS = {
    Comparison.BETTER: "the graph helps",
    Comparison.NOT_TOLD_APART: "that the graph helps is not shown",
    Comparison.WORSE: "the graph does harm",
}


def control_sentences(inputs: Inputs) -> list[str]:
    """Shuffled graph, suspect nodes, wins by node; each where the study has what it needs."""
    sentences = graph_sentences(inputs)
    if "sensitivity" in inputs:
        sensitivity, quality = inputs.frame("sensitivity"), inputs.frame("quality")
        sentences.append(suspects_sentence(sensitivity, quality, inputs.unit))
    return [*sentences, wins_sentence(inputs.frame("scores"))]


def graph_sentences(inputs: Inputs) -> list[str]:
    """Each model with the real graph against its twin with a shuffled one, by the paired test of the study."""
    days = inputs.frame("days")
    known = set(days["model"])
    sentences = []
    for given, shuffled in shuffled_twins(inputs.config["models"]):
        if {given, shuffled} <= known:
            rows = changes_against(days, shuffled).to_dict("records")
            row = next(row for row in rows if row["model"] == given)
            low, high = (plain(100 * row[f"change_{end}"], 1) for end in ("low", "high"))
            sentences.append(
                f"{given} against the same network with a shuffled graph, {shuffled}: RMSE "
                f"{plain(100 * row['change_share'], 1)} % [{low}, {high}]: {GRAPH_WORDS[Comparison(row['outcome'])]}."
            )
    return sentences


def shuffled_twins(models: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of models that differ in their graph alone, real one first. models: of the configuration."""
    return [
        (given, shuffled)
        for shuffled, block in models.items()
        if block.get("graph") == "shuffled"
        for given, other in models.items()
        if given != shuffled and dict(other) == {**block, "graph": other.get("graph")} != dict(block)
    ]
