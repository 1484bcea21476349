"""Boosted trees stop where validation says so, and say if their rounds were too few."""

from dataclasses import replace

import pytest

from wattshed.forecast.baselines.boosted_trees import RICH, BoostedTrees, rich_features


def fitted(task, graph, rounds):
    pytest.importorskip("lightgbm", reason="needs the extra wattshed[lightgbm]")
    settings = replace(RICH, rounds=rounds, parameters={**RICH.parameters, "num_leaves": 7})
    trees = BoostedTrees(task, graph, name="lightgbm_rich", features=rich_features, settings=settings)
    trees.fit()
    return trees


def test_rounds_that_are_too_few_are_said(task, graph, capsys):
    trees = fitted(task, graph, 2)
    said = capsys.readouterr().err
    assert "boosted trees, hour 1 ahead: the error still fell at the last of 2 rounds" in said
    assert all(model.best_iteration == 2 for model in trees.boosters)


def test_rounds_that_suffice_are_not_mentioned(task, graph, capsys):
    trees = fitted(task, graph, RICH.rounds)
    assert "rounds" not in capsys.readouterr().err
    assert all(model.best_iteration < RICH.rounds for model in trees.boosters)
