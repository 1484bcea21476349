import pytest

from made_days import make_days, make_energies
from wattshed.accounts.comparison.decisions import decide
from wattshed.publish.sentences.what_to_use import what_to_use_sentence
from wattshed.publish.sentences.winner import winner_sentence
from wattshed.publish.tables.decisions import decisions_table

MODELS = {"gru": (0.70, 3), "ridge": (0.70, 1), "naive": (0.95, 1)}


@pytest.fixture
def decided():
    return decide(make_days(seed=2, **MODELS), make_energies(gru=5e-6, ridge=1e-6, naive="no fit"))


def test_the_winner_is_named_with_its_wider_interval_and_what_cannot_be_told_apart(decided):
    said = winner_sentence(decided, "kWh")
    assert said.startswith(f"{decided.best} has the least validation RMSE; on the test part it has 0.")
    assert "(95 %, over blocks of 4 days; n = " in said
    assert f"not told apart from it: {decided.alike[0]}; the other 1 is worse." in said
    alone = winner_sentence(decide(make_days(gru=(0.7, 3)), make_energies()), "kWh")
    assert alone.endswith("(the only model).")


def test_what_to_use_says_what_the_best_would_cost_instead():
    days = make_days(seed=2, **MODELS)
    days.loc[(days["part"] == "validation") & (days["model"] == "gru"), "squared"] *= 0.999
    found = decide(days, make_energies(gru=5e-6, ridge=1e-6, naive="no fit"))
    if found.best != "gru":
        days.loc[(days["part"] == "validation") & (days["model"] == "gru"), "squared"] *= 0.99
        found = decide(days, make_energies(gru=5e-6, ridge=1e-6, naive="no fit"))
    said = what_to_use_sentence(found, "kWh")
    assert said.startswith("What to use: ridge. gru has the least validation RMSE of 3 models")
    assert (
        "ridge costs the least: 3.60 J (estimated) where gru takes 18.0 J (estimated), 5.00 times as much"
        in said
    )
    assert said.endswith("not told apart.")


def test_what_costs_nothing_has_no_ratio():
    days = make_days(seed=2, gru=(0.70, 3), naive=(0.7001, 1))
    said = what_to_use_sentence(decide(days, make_energies(gru=5e-6, naive="no fit")), "kWh")
    assert "What to use: naive." in said
    assert "nothing, as there is nothing to fit" in said
    assert "times as much" not in said


def test_unknown_energies_are_said(decided):
    days = make_days(seed=2, **MODELS)
    dark = what_to_use_sentence(decide(days, make_energies()), "kWh")
    assert "no energy is known to compare" in dark
    partly = what_to_use_sentence(decide(days, make_energies(gru=5e-6, naive=1e-6)), "kWh")
    assert partly.endswith("left out because their energy is unknown: ridge.")


def test_the_table_shows_both_intervals_and_the_outcome(decided):
    table = decisions_table(decided, "kWh")
    rows = {row[0].text: row for row in table.rows}
    assert rows["naive"][-1].text == "worse"
    assert rows[decided.best][-1].text == "chosen"
    assert rows["ridge"][4].text == "—" or rows["ridge"][4].text == "–" or rows["ridge"][4].text == "-"
    assert rows["ridge"][5].text.startswith("[0.")
    assert "corrected for all comparisons" in " ".join(table.notes)
