"""A small version of benchmarks/clock_contamination.py: 20 sweeps per kind."""

import json

import pytest

from wattshed.clocks.contamination.detect import detect
from wattshed.clocks.contamination.trials import CLEAN, KINDS, Trial
from wattshed.clocks.contamination.usable import refusal, usable_sweep

TRIALS = 20


def trials(first):
    return (Trial(seed, full=seed % 8 == 0) for seed in range(first, first + TRIALS))


@pytest.mark.parametrize("name", KINDS)
def test_spoilt_sweeps_are_caught(name):
    kind, missed = KINDS[name], []
    for trial in trials(30_000):
        size = kind.claimed_size(trial.random)
        said = {one.detector: one for one in detect(kind.spoil(trial, size))}[kind.detector]
        if not said.found:
            missed.append((trial.seed, size, said.words))
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("name", CLEAN)
def test_clean_sweeps_are_left_alone(name):
    alarms = []
    for trial in trials(40_000):
        rows = CLEAN[name](trial)
        said = [one.words for one in detect(rows) if one.found]
        if said or refusal(usable_sweep(rows)):
            alarms.append((trial.seed, said))
    assert len(alarms) <= 1, alarms


def test_the_recorded_rates_keep_what_is_promised(root):
    found = json.loads((root / "docs/clock_contamination.json").read_text(encoding="utf-8"))
    assert set(found["caught"]) == set(KINDS)
    assert set(found["false_alarms"]) == set(CLEAN)
    for name, one in found["caught"].items():
        assert one["trials"] >= 1000, name
        assert one["share"] >= 0.99, name
        assert tuple(one["claimed"]) == KINDS[name].claimed
    for name, one in found["false_alarms"].items():
        assert one["trials"] >= 1000, name
        assert one["share"] <= 0.02, name


def test_a_trial_is_made_by_its_seed():
    first, second, other = (Trial(seed, full=False).sweep() for seed in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(other)
