"""What a choice is made from and written to: cells, tables that are not runs, limits and rules of a study."""

import json
from dataclasses import replace

import jsonschema
import pandas as pd
import pytest

from hand_made_sweeps import ENERGIES, SETTINGS, TIMES, hand_made
from wattshed.clocks.choosing.answer import Limits, answer_schema
from wattshed.clocks.choosing.choice import choose, choose_cell
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.choosing.plan_table import PLAN, penalty_class
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.extending.own_files import OWN_PLUGINS, use_own_plugins
from wattshed.foundation.faults import Fault


def test_a_rule_of_the_study_chooses_and_is_among_the_picks(tmp_path, monkeypatch):
    monkeypatch.setenv(OWN_PLUGINS, "[]")
    path = tmp_path / "second_highest.py"
    path.write_text(
        "import numpy as np\n\n\nclass SecondHighest:\n    title = 'the second highest'\n\n"
        "    def pick(self, outcomes, allowed, limits):\n"
        "        place = allowed.shape[1] - 2\n"
        "        return np.where(allowed[:, place], place, -1)\n\n\nRULE = SecondHighest()\n"
    )
    use_own_plugins([path])
    block = ClocksBlock(choice={"rule": "second_highest"})
    frame = hand_made(SETTINGS, TIMES, ENERGIES)
    choice = choose_cell(frame, limits_for(block, "w"), block.choice.rule)
    assert (choice.status, choice.setting, choice.rule) == ("use", 900, "second_highest")
    assert choice.picks[-1].rule == "second_highest"


def test_each_cell_has_a_choice_and_a_bad_one_is_refused_alone():
    good = hand_made(SETTINGS, TIMES, ENERGIES)
    broken = good.assign(workload="broken", energy_j=good["energy_j"].where(good.index != 4))
    zero = good.assign(workload="zero", time_s=good["time_s"].where(good.index != 2, 0))
    twice = pd.concat([good, good.head(1)]).assign(workload="twice")
    watts = hand_made((180, 210, 240, 270, 300), TIMES, ENERGIES, knob="power_limit")
    frame = pd.concat([broken, good, zero, twice, watts], ignore_index=True)
    choices = choose(frame, Limits(0.05))
    assert [(one.workload, one.status, one.setting) for one in choices] == [
        ("broken", "refused", 1000),
        ("w", "use", 800),
        ("zero", "refused", 1000),
        ("twice", "refused", 1000),
        ("w", "use", 240),
    ]
    reasons = [one.reason for one in choices]
    assert "row 4 has energy_j nan; expected a positive number" in reasons[0]
    assert "has time_s 0.0" in reasons[2]
    assert "is a second one with setting" in reasons[3]


def test_limits_may_differ_by_workload():
    good = hand_made(SETTINGS, TIMES, ENERGIES)
    frame = pd.concat([good, good.assign(workload="slow")], ignore_index=True)
    block = ClocksBlock(choice={"constraints": {"slow": {"max_slowdown_share": 0.15}}})
    choices = choose(frame, lambda name: limits_for(block, name))
    assert [one.setting for one in choices] == [800, 700]
    assert [one.limits.source for one in choices] == ["stated", "constraints.slow"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.assign(knob="voltage"), "the sweep's knob is 'voltage'; expected one of clock"),
        (lambda frame: frame.assign(warm=None), "row 0 has no warm; expected true or false"),
        (lambda frame: frame.assign(setting=0), "has no positive setting"),
        (lambda frame: frame.drop(columns=["knob", "order"]), "has no column knob, order"),
    ],
)
def test_tables_that_are_not_runs_are_refused(change, words):
    with pytest.raises(Fault, match=words):
        choose(change(hand_made(SETTINGS, TIMES, ENERGIES)), Limits())


def test_mixed_knobs_in_one_cell_are_refused():
    frame = hand_made(SETTINGS, TIMES, ENERGIES)
    mixed = frame.assign(knob=["power_limit", *["clock"] * (len(frame) - 1)])
    with pytest.raises(Fault, match="has 'power_limit' and 'clock' as knob in one cell"):
        choose_cell(mixed, Limits())


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(float("nan")), "slowdown limit is nan"),
        (Limits(0.05, lowest_share=1.5), "lowest_share is 1.5; expected a share"),
        (Limits(0.05, lowest_share=0.9, highest_share=0.8), "expected lowest_share below"),
        (Limits(0.05, metric="speed"), "metric is 'speed'; expected one of energy, edp"),
        (Limits(0.05, energy_weight=0, time_weight=0), "expected two numbers from 0, not both 0"),
    ],
)
def test_limits_that_nothing_can_keep_are_refused(limits, words):
    with pytest.raises(Fault, match=words):
        choose_cell(hand_made(SETTINGS, TIMES, ENERGIES), limits)


def test_an_unknown_rule_is_named_with_the_nearest():
    with pytest.raises(Fault, match="'least_enery' is not a clock rule: did you mean 'least_energy'"):
        choose(hand_made(SETTINGS, TIMES, ENERGIES), Limits(), "least_enery")


def test_the_document_follows_its_schema(simulate):
    schema = answer_schema()
    document = {"choices": [one.to_json() for one in choose(simulate(), Limits())]}
    text = json.dumps(document, allow_nan=False)
    jsonschema.validate(json.loads(text), schema)
    broken = json.loads(text)
    broken["choices"][0]["status"] = "perhaps"
    with pytest.raises(jsonschema.ValidationError, match="perhaps"):
        jsonschema.validate(broken, schema)


def test_the_plans_table_is_the_default_of_its_workloads():
    block = ClocksBlock(choice={"constraints": "plan"})
    whisper = limits_for(block, "whisper")
    assert (whisper.max_slowdown_share, whisper.lowest_share) == (0.15, 0.75)
    assert (whisper.metric, whisper.source) == ("energy_per_task", "plan")
    assert limits_for(block, "Stable-Diffusion").max_slowdown_share == 0.10
    assert replace(limits_for(block, "other"), metric="x") == replace(limits_for(block, "lstm"), metric="x")
    assert {name: (one.max_slowdown_share, one.lowest_share) for name, one in PLAN.items()} == {
        "llama": (0.05, 0.85),
        "vit": (0.20, 0.70),
        "stablediffusion": (0.10, 0.80),
        "whisper": (0.15, 0.75),
        "lstm": (0.15, 0.75),
    }


def test_being_faster_is_not_filed_as_slower():
    """The plan's own classes took the absolute value: 93 % faster became "unacceptable"."""
    slowdowns = {
        -0.93: "faster",
        0.0: "acceptable",
        0.15: "noticeable",
        0.3: "significant",
        0.6: "unacceptable",
    }
    assert {share: penalty_class(share) for share in slowdowns} == slowdowns


@pytest.mark.parametrize("choice", [{}, {"constraints": "plan"}, {"rule": "metric", "metric": "edp"}])
def test_a_job_reads_the_block_that_the_configuration_wrote(choice):
    """With all defaults written out."""
    block = ClocksBlock(choice=choice)
    assert ClocksBlock.model_validate_json(block.model_dump_json()) == block


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"lowest_share": 0.9, "highest_share": 0.8}, "lowest_share is 0.9, above highest_share 0.8"),
        (
            {"highest_share": 0.8, "constraints": {"a": {"lowest_share": 0.9}}},
            "constraints.a.lowest_share is 0.9",
        ),
        ({"weights": {"energy": 0.7, "time": 0.7}}, "add up to 1.4; expected 1"),
        ({"epsilon": {}}, "expected most_energy_share or most_time_share"),
        ({"epsilon": {"most_energy_share": 0.9, "most_time_share": 1.1}}, "one of them"),
        ({"metric": "edp"}, "metric is edp, but rule is least_energy"),
        ({"constraints": "plan", "lowest_share": 0.7}, "has its own lowest_share"),
        ({"rule": "cheapest"}, "'cheapest' is not a clock rule"),
        ({"constraints": {"a": {"max_slowdown": 0.1}}}, "max_slowdown"),
    ],
)
def test_contradictions_are_refused_when_the_configuration_is_read(choice, words):
    with pytest.raises(ValueError, match=words):
        ClocksBlock(choice=choice)
