"""The report's answers where energies are not known."""

import pandas as pd

from made_days import make_days, make_energies
from wattshed.accounts.comparison.decisions import decide
from wattshed.foundation.vocabulary import Comparison
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.answers import best_sentence, cheapest_sentence
from wattshed.publish.sentences.what_to_use import what_to_use_sentence

NOTHING = Inputs({}, {})


def answer(**kwh):
    """Of two models that cannot be told apart, of which ``b`` has the least validation error."""
    days = make_days(a=(0.7, 3), b=(0.6995, 3), day_noise=0.001, seed_noise=0.01)
    decisions = decide(days, make_energies(**kwh))
    best, (other,) = decisions.best, decisions.alike
    rows = {
        row["model"]: row
        | {
            "training_j_mean": row["training_kwh"],
            "training_j_low": float("nan"),
            "training_j_n": 3,
        }
        for row in decisions.frame.to_dict("records")
    }
    return decisions, cheapest_sentence(decisions, rows, NOTHING), best, other


def test_without_any_energy_nothing_is_called_cheaper_or_dearer():
    _, said, best, _ = answer()
    assert said == f"Not known: the energy of {best} is not known, nor of any model that is like it."


def test_a_model_of_unknown_energy_is_not_called_dearer():
    _, _, best, other = answer()
    decisions, said, *_ = answer(**{best: 1.0})
    assert "not cheaper" not in said
    assert said.endswith(f"these are like it and their energy is not known: {other}.")
    told = what_to_use_sentence(decisions, "kWh")
    assert "costs the least" not in told
    assert pd.notna(decisions.row(best)["training_kwh"])


def test_a_test_part_of_one_block_tells_nothing_apart_and_says_so():
    days = make_days(good=(0.1, 3), poor=(0.9, 3))
    test = days[days["part"] == "test"]
    first = sorted(test["day"].unique())[:3]
    few = decide(pd.concat([days[days["part"] != "test"], test[test["day"].isin(first)]]), make_energies())
    assert few.blocks == 1
    row = few.row("good") | {"naive": None}
    said = best_sentence(few, {"good": row}, dict.fromkeys(Comparison, 0), "kWh")
    assert said.startswith("good (chosen on validation): test RMSE 0.0")
    assert said.endswith("its paired test can tell no models apart, however large the difference.")
    assert "not distinguishable" not in said
    alone = best_sentence(
        few, {"good": row | {"low": float("nan"), "high": float("nan")}}, dict.fromkeys(Comparison, 0), "kWh"
    )
    assert " kWh (no interval). The test part" in alone
