"""Limits, the sentence for every reason to keep the maximum, and what the intervals cover; power limits."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hand_made_sweeps import ENERGIES, SETTINGS, TIMES, hand_made
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.clocks.choosing.estimates import estimate
from wattshed.foundation import plugins
from wattshed.foundation.vocabulary import Worth

NOISELESS = {"noise_cv": 0, "counter_quantum_s": 0}


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
    covered = best = powers = 0
    for seed in range(30):
        frame = hand_made(SETTINGS, TIMES, ENERGIES, repeats=7, noise=0.01, seed=seed)
        picked = choose_cell(frame, Limits(0.15), seed=seed)
        rows = {row.setting: row for row in picked.fitted}
        covered += all(
            rows[setting].saving_low <= 1 - energy <= rows[setting].saving_high
            for setting, energy in zip(SETTINGS, ENERGIES, strict=True)
        )
        # Of each setting alone, against the maximum.
        powers += sum(
            rows[setting].power_low_w <= rows[1000].power_w * energy / time <= rows[setting].power_high_w
            for setting, time, energy in zip(SETTINGS[:-1], TIMES, ENERGIES, strict=False)
        )
        best += picked.candidate_low <= 700 <= picked.candidate_high
    assert covered >= 27
    assert powers >= 0.9 * 30 * (len(SETTINGS) - 1)
    assert best >= 27
