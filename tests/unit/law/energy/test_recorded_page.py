"""docs/energy_law_recorded_energy.md says what its JSON holds, with the label of every selected row."""

import importlib
import json

import pytest


@pytest.fixture
def found(root):
    return json.loads((root / "docs/energy_law_recorded_energy.json").read_text(encoding="utf-8"))


def test_the_page_follows_from_the_recorded_numbers(root, found, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    page = importlib.import_module("law_recorded_energy_page").page(found)
    assert page == (root / "docs/energy_law_recorded_energy.md").read_text(encoding="utf-8")


def test_every_result_on_selected_rows_is_labelled(found):
    for data in ("transformer", "lstm"):
        for model in found[data]["validation"].values():
            assert {scores["label"] for scores in model["schemes"].values()} == {"selected by outcome"}
    labels = {
        part: {scores["label"] for scores in models.values()}
        for part, models in found["lstm"]["deleted"]["folds"].items()
    }
    assert labels == {"all steps": {""}, "of the same sizes": {""}, "kept": {"selected by outcome"}}
