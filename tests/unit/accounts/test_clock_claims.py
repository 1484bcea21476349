"""Claims of the clock study are judged only by choices that are neither simulated nor refused."""

import pytest

from claimed_results import results
from clock_choices import made_choice, made_sweep
from wattshed.accounts.claims.judging import claims_frame
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose


@pytest.fixture(scope="module")
def choice():
    sweep = made_sweep(noise=0.005)
    return choose(sweep, Limits(0.05))[0].to_json()


def judged(config, *choices):
    frame = claims_frame(["clock_study"], results(config, list(choices)))
    return {claim: rows.to_dict("records") for claim, rows in frame.groupby("claim")}


def edp(choice, constrained, **values):
    picks = [
        pick | values if (pick["rule"], pick["constrained"]) == ("edp", constrained) else pick
        for pick in choice["picks"]
    ]
    return choice | {"picks": picks}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"label": "simulated"}, "the sweep is simulated"),
        ({"status": "refused"}, "every sweep that is not simulated was refused"),
        ({"knob": "power_limit"}, "this study sweeps no clock"),
    ],
)
def test_what_cannot_carry_a_claim_measures_nothing(config, choice, values, reason):
    for rows in judged(config, choice | values).values():
        assert [(row["verdict"], row["reason"]) for row in rows] == [("not measured here", reason)]


def test_every_claim_is_judged_by_the_choices_own_numbers(config, choice):
    found = judged(config, choice, choice | {"label": "simulated"}, choice | {"status": "refused"})
    assert set(found) == {
        "clock_saving",
        "clock_mean_saving",
        "clock_goal",
        "clock_slower_maximum",
        "clock_penalty",
    }
    assert all(len(rows) == 1 for rows in found.values())
    (saving,) = found["clock_saving"]
    assert saving["mean"] == pytest.approx(-100 * choice["saving_share"])
    assert saving["low"] == pytest.approx(-100 * choice["saving_high"])
    assert saving["verdict"] == "does not hold"
    pick = {
        c: next(p for p in choice["picks"] if (p["rule"], p["constrained"]) == ("edp", c))
        for c in (True, False)
    }
    assert found["clock_slower_maximum"][0]["mean"] == pytest.approx(100 * pick[True]["slowdown_share"])
    assert found["clock_penalty"][0]["mean"] == pytest.approx(100 * pick[False]["slowdown_share"])
    assert found["clock_penalty"][0]["verdict"] == "does not hold"
    best = max(
        row["saving_share"]
        for row in choice["fitted"]
        if row["setting"] >= 0.7 * choice["maximum"] and row["slowdown_high"] <= 0.05
    )
    assert found["clock_goal"][0]["mean"] == pytest.approx(-100 * best)


def test_the_mean_counts_a_kept_maximum_as_no_saving_and_needs_the_documents_limit(config, choice):
    kept = edp(choice, True, setting=None)
    (row,) = judged(config, choice, kept)["clock_mean_saving"]
    saving = next(
        p["saving_share"] for p in choice["picks"] if (p["rule"], p["constrained"]) == ("edp", True)
    )
    assert row["mean"] == pytest.approx(-50 * saving)
    assert row["n"] == 2
    other = choice | {"limits": choice["limits"] | {"max_slowdown_share": 0.15}}
    (row,) = judged(config, other)["clock_mean_saving"]
    assert row["reason"] == "no choice was made under a limit of 5 % slower"


def test_a_faster_lower_clock_supports_the_slower_maximum_and_doubt_is_named(config, choice):
    faster = edp(
        choice | {"status": "doubtful"}, True, slowdown_share=-0.07, slowdown_low=-0.09, slowdown_high=-0.05
    )
    (row,) = judged(config, faster)["clock_slower_maximum"]
    assert row["verdict"] == "holds"
    assert "(doubtful)" in row["of"]
    assert "1 of them doubtful" in judged(config, choice, faster)["clock_mean_saving"][0]["of"]
    slower = edp(choice, False, slowdown_share=0.95, slowdown_low=0.94, slowdown_high=0.96)
    assert judged(config, slower)["clock_penalty"][0]["verdict"] == "holds"


def test_the_goal_without_a_clock_in_the_band_says_so(config):
    sweep = made_sweep(settings=(600, 700, 1410), noise=0.005)
    (row,) = judged(config, made_choice(sweep, 700, limit=0.9))["clock_goal"]
    assert row["reason"] == "no clock from 70 % of the maximum up is shown to keep the limit of slowdown"
