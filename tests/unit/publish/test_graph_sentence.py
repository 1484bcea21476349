"""The sentence on the graph says what its control shows, and no more."""

import pytest

from wattshed.accounts.sensitivity.graph_control import GraphControl, GraphUse
from wattshed.publish.sentences.graph_help import graph_sentence
from wattshed.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("use", "interval", "start"),
    [
        (GraphUse.HELPS, Interval(0.01, 0.004, 0.016, 3), "The graph helps: "),
        (GraphUse.HURTS, Interval(-0.01, -0.016, -0.004, 3), "The graph hurts: "),
        (GraphUse.UNDECIDED, Interval(0.001, -0.004, 0.006, 3), "That the graph helps is not shown: "),
    ],
)
def test_the_sentence_has_the_difference_its_interval_and_the_outcome(use, interval, start):
    text = graph_sentence(GraphControl("net", "net_shuffled", interval, interval.mean / 0.8, use), "kWh")
    assert text.startswith(start)
    assert f"changes by {interval.mean:.4f} kWh" in text
    assert f"[{interval.low:.4f}, {interval.high:.4f}] kWh (n = 3 seeds, paired)" in text


def test_a_missing_control_is_named_with_its_key():
    control = GraphControl("net", None, Interval(None, None, None, 0), None, GraphUse.UNKNOWN)
    assert "is not known: net, the graph model of least validation error, has no control" in graph_sentence(
        control, "kWh"
    )
    assert "controls.shuffled_graph" in graph_sentence(control, "kWh")


def test_one_seed_is_not_enough():
    control = GraphControl("net", "net_shuffled", Interval(0.01, None, None, 1), 0.0125, GraphUse.UNKNOWN)
    text = graph_sentence(control, "kWh")
    assert text.startswith("Whether the graph helps is not known with one seed: ")
    assert "0.0100 kWh (1.25 %) (n = 1)" in text
