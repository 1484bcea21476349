"""Limits, and the sentence for every reason to keep the maximum; many cells; power limits."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.clocks.choosing.answer import Limits, answer_schema
from wattshed.clocks.choosing.choice import choose, choose_cell
from wattshed.clocks.choosing.estimates import estimate
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.choosing.plan_table import PLAN, penalty_class
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation import plugins
from wattshed.foundation.extending.own_files import OWN_PLUGINS, use_own_plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Worth

NOISELESS = {"noise_cv": 0, "counter_quantum_s": 0}


def hand_made(settings, times, energies, repeats=3, knob="clock", noise=0.0, seed=0):
    """Interleaved rounds of a curve that is stated point by point; a call takes about 10 s."""
    random = np.random.default_rng(seed)
    rows = []
    for repeat in range(1, repeats + 1):
        for place in random.permutation(len(settings)):
            time_s = 10 * times[place] * np.exp(noise * random.standard_normal())
            energy_j = 100 * energies[place] * np.exp(noise * random.standard_normal())
            rows.append((settings[place], repeat, len(rows), time_s, energy_j, energy_j / time_s))
    frame = pd.DataFrame(rows, columns=["setting", "repeat", "order", "time_s", "energy_j", "power_w"])
    return frame.assign(
        backend="test",
        label="recorded",
        gpu="G",
        gpu_uuid=pd.array([pd.NA] * len(frame), dtype="string"),
        workload="w",
        knob=knob,
        applied=pd.array([pd.NA] * len(frame), dtype="Int64"),
        warm=True,
        energy_by="counter",
        throttled=False,
        temperature_c=np.nan,
    )


SETTINGS = (600, 700, 800, 900, 1000)
TIMES = (1.30, 1.12, 1.04, 1.02, 1.0)
ENERGIES = (0.90, 0.82, 0.85, 0.92, 1.0)


def test_limits_choose_as_they_say():
    frame = hand_made(SETTINGS, TIMES, ENERGIES)
    expected = [
        (800, Limits(0.05)),
        (700, Limits(0.15)),
        (900, Limits(0.15, lowest_share=0.85)),
        # 800 has 700 beside it, which passes the limit.
        (900, Limits(0.05, must_be_stable=True)),
        (600, Limits(0.50, highest_share=0.65)),
    ]
    for setting, limits in expected:
        choice = choose_cell(frame, limits)
        assert (choice.status, choice.setting) == ("use", setting)
        assert choice.limits == limits
    assert choose_cell(frame, Limits(0.15)).penalty_class == "noticeable"


def test_the_estimates_are_near_the_data_without_noise():
    """Not equal: fifteen runs without scatter do not show that there is no noise."""
    found = estimate(hand_made(SETTINGS, TIMES, ENERGIES), draws=400)
    assert found.settings.tolist() == list(SETTINGS)
    assert found.slowdown[0].tolist() == pytest.approx([time - 1 for time in TIMES], abs=0.01)
    assert found.saving[0].tolist() == pytest.approx([1 - energy for energy in ENERGIES], abs=0.01)
    assert found.time_s[0].tolist() == pytest.approx([10 * time for time in TIMES], rel=0.01)
    assert found.energy_j[0].tolist() == pytest.approx([100 * energy for energy in ENERGIES], rel=0.01)


def test_unmeasured_settings_are_fitted_by_the_laws_and_never_chosen(simulate):
    frame = simulate(**NOISELESS)
    legal = tuple(range(510, 1411, 15))
    choice, plain = choose_cell(frame, Limits(), legal=legal), choose_cell(frame, Limits())
    assert choice.estimator == "law"
    assert [row.setting for row in choice.fitted] == list(legal)
    measured = set(frame["setting"])
    assert {row.setting for row in choice.fitted if row.measured} == measured
    assert choice.setting == plain.setting
    assert choice.setting in measured
    gap = np.diff([row.energy_j for row in choice.fitted])
    assert np.abs(gap).max() < 0.05 * choice.baseline_energy_j


def test_relative_to_the_fastest_is_stricter_where_a_lower_setting_is_faster():
    frame = hand_made(SETTINGS, (1.2, 1.035, 1.01, 0.97, 1.0), ENERGIES)
    assert choose_cell(frame, Limits(0.05)).setting == 700
    fastest = choose_cell(frame, Limits(0.05, relative_to="fastest"))
    assert (fastest.setting, fastest.status) == (800, "use")
    # The slowdown itself stays relative to the maximum.
    assert fastest.slowdown_share == pytest.approx(0.01, abs=0.005)
    assert "of the fastest one" in fastest.reason


@pytest.mark.parametrize(
    ("limits", "rule", "outcome", "words"),
    [
        (
            Limits(0.01),
            "least_energy",
            Worth.NOT_WORTH_IT,
            "no lower clock is shown to stay within 1.0% slowdown",
        ),
        (
            Limits(0.05, lowest_share=0.95),
            "least_energy",
            Worth.NOT_WORTH_IT,
            "lies in the band of 95% to 100% of the maximum (the highest is 900 MHz)",
        ),
        (
            Limits(0.05, highest_share=0.85, must_be_stable=True),
            "least_energy",
            Worth.UNDECIDED,
            "no setting within the limits is stable: one step beside each the slowdown passes 5.0% slowdown (also "
            "beside 800 MHz)",
        ),
        (
            Limits(0.05, least_saving_share=0.2),
            "least_energy",
            Worth.NOT_WORTH_IT,
            "a saving of at least 20% is asked for, and that at 800 MHz is 15.0%",
        ),
        (
            Limits(0.05, energy_weight=0, time_weight=1),
            "weighted",
            Worth.NOT_WORTH_IT,
            "the maximum itself is best",
        ),
        (Limits(0.05, metric="response_time"), "metric", Worth.NOT_WORTH_IT, "the maximum itself is best"),
        (
            Limits(0.05, most_energy_share=0.5),
            "epsilon",
            Worth.NOT_WORTH_IT,
            "no setting within the limits fits the rule: the least time",
        ),
    ],
)
def test_each_reason_to_keep_the_maximum_has_its_sentence(limits, rule, outcome, words):
    choice = choose_cell(hand_made(SETTINGS, TIMES, ENERGIES), limits, rule)
    assert (choice.status, choice.setting, choice.outcome) == ("keep", 1000, outcome)
    assert words in choice.reason


def test_too_few_repeats_of_the_good_settings_are_named():
    frame = hand_made(SETTINGS, TIMES, ENERGIES)
    few = frame[(frame["setting"].isin([600, 700, 1000])) | (frame["repeat"] < 3)]
    choice = choose_cell(few, Limits(0.05))
    assert choice.status == "keep"
    assert "has fewer than 3 valid repeats" in choice.reason


def test_single_runs_have_no_interval():
    choice = choose_cell(hand_made(SETTINGS, TIMES, ENERGIES, repeats=1, knob="power_limit"), Limits())
    assert (choice.status, choice.unit, choice.saving_share) == ("refused", "W", None)
    assert choice.reason.startswith("single run per setting: no interval can be stated")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(0.05), "among the power limits within 5.0% slowdown"),
        (Limits(0.01), "no lower power limit is shown to stay within"),
        (Limits(0.05, least_saving_share=0.5), "that at 240 W is 15.0%"),
        (Limits(0.05, lowest_share=0.95), "(the highest is 270 W)"),
    ],
)
def test_power_limits_are_told_in_watts(limits, words):
    frame = hand_made((180, 210, 240, 270, 300), TIMES, ENERGIES, knob="power_limit")
    choice = choose_cell(frame, limits)
    assert words in choice.reason
    assert "MHz" not in json.dumps(choice.to_json())
    assert "clock" not in choice.reason + choice.verdict


# --- every rule, without and with limits -----------------------------------------------------------------


def test_picks_stand_side_by_side_with_their_signs_kept():
    choice = choose_cell(
        hand_made(SETTINGS, (0.98, 1.12, 1.04, 1.02, 1.0), ENERGIES), Limits(0.05, lowest_share=0.7)
    )
    picks = {(one.rule, one.constrained): one for one in choice.picks}
    assert set(picks) == {(name, flag) for name in plugins.names("clock_rule") for flag in (False, True)}
    assert (picks["energy", False].setting, picks["energy", True].setting) == (700, 800)
    assert picks["energy", False].slowdown_share == pytest.approx(0.12, abs=0.005)
    assert (picks["least_energy", False].setting, picks["lowest", False].setting) == (800, 600)
    assert picks["lowest", False].slowdown_share == pytest.approx(-0.02, abs=0.005)
    assert picks["lowest", True].setting == 800
    edp = picks["edp", True]
    assert edp.edp_gain_share == pytest.approx(1 - 0.85 * 1.04, abs=0.01)
    assert edp.ed2p_gain_share == pytest.approx(1 - 0.85 * 1.04**2, abs=0.015)
    # 600 MHz is faster and cheaper than 900 and 1000 MHz.
    assert choice.front == (600, 700, 800)


RISES = st.lists(st.floats(0, 0.1), min_size=4, max_size=4)
SAVED = st.lists(st.floats(0.8, 1.05), min_size=4, max_size=4)


@settings(max_examples=15, deadline=None)
@given(
    rises=RISES, energies=SAVED, limit=st.floats(0.01, 0.3), rule=st.sampled_from(plugins.names("clock_rule"))
)
def test_what_is_chosen_keeps_the_limits_and_saves(rises, energies, limit, rule):
    times = np.append(1 + np.cumsum(rises)[::-1], 1.0)
    frame = hand_made(SETTINGS, times, [*energies, 1.0])
    choice = choose_cell(frame, Limits(limit, lowest_share=0.65, must_be_stable=True), rule)
    if choice.status == "use":
        place = SETTINGS.index(choice.setting)
        assert times[place] <= 1 + limit + 1e-9
        assert energies[place] < 1
        assert choice.setting >= 650
        assert all(times[beside] <= 1 + limit + 1e-9 for beside in (place - 1, place + 1) if beside >= 0)
    else:
        assert choice.setting == 1000


@pytest.mark.parametrize("factor", [1e-3, 1e6])
def test_units_do_not_matter(factor):
    frame = hand_made(SETTINGS, TIMES, ENERGIES, repeats=5, noise=0.01)
    scaled = frame.assign(time_s=factor * frame["time_s"], energy_j=factor * frame["energy_j"])
    one, other = choose_cell(frame, Limits()), choose_cell(scaled, Limits())
    assert [pick.setting for pick in one.picks] == [pick.setting for pick in other.picks]
    assert (one.setting, one.front) == (other.setting, other.front)
    assert one.saving_low == pytest.approx(other.saving_low)


def test_intervals_cover_the_true_values_and_the_true_best():
    """30 sweeps with 1 % noise; the intervals are for 95 %."""
    covered = best = 0
    for seed in range(30):
        frame = hand_made(SETTINGS, TIMES, ENERGIES, repeats=7, noise=0.01, seed=seed)
        picked = choose_cell(frame, Limits(0.15), seed=seed)
        rows = {row.setting: row for row in picked.fitted}
        covered += all(
            rows[setting].saving_low <= 1 - energy <= rows[setting].saving_high
            for setting, energy in zip(SETTINGS, ENERGIES, strict=True)
        )
        best += picked.candidate_low <= 700 <= picked.candidate_high
    assert covered >= 27
    assert best >= 27


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


# --- many cells -------------------------------------------------------------------------------------------


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


# --- the document and the plan's table ---------------------------------------------------------------------


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
