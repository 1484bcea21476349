"""docs/clock_governor.md says what its JSON holds, and belongs to the governor's present defaults."""

import importlib
import json

import pytest

from wattshed.clocks.governing.simulation.compare import Compared
from wattshed.clocks.governing.simulation.made_mixes import KINDS
from wattshed.config.clocks.governor import GovernorBlock


@pytest.fixture
def recorded(root):
    return json.loads((root / "docs/clock_governor.json").read_text(encoding="utf-8"))


def test_the_page_follows_from_the_recorded_mixes(root, recorded, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    benchmark = importlib.import_module("clock_governor")
    compared = [Compared(**one) for one in recorded["mixes"]]
    mixes = len(compared) // len(KINDS)
    page = benchmark.page(compared, GovernorBlock.model_validate(recorded["settings"]), mixes, recorded)
    assert page == (root / "docs/clock_governor.md").read_text(encoding="utf-8")
    assert len(compared) >= 200


def test_the_recorded_mixes_were_governed_by_the_present_defaults(recorded):
    assert GovernorBlock.model_validate(recorded["settings"]) == GovernorBlock()
    assert {one["kind"] for one in recorded["mixes"]} == set(KINDS)


def test_where_phases_last_at_least_80_percent_of_the_oracles_saving_is_reached(root, recorded, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    promised = importlib.import_module("clock_governor").PROMISED
    rows = [one for one in recorded["mixes"] if one["kind"] in promised]
    saved, best = (
        sum(one[name] * one["maximum_energy_j"] for one in rows)
        for name in ("saving_share", "oracle_saving_share")
    )
    assert saved >= 0.8 * best
    assert all(one["saving_share"] >= -0.01 for one in recorded["mixes"])
