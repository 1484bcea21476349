"""What a recommendation says, and what holds for any study."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from made_checkpoints import make_checkpoints
from recommended_study import STUDY, choose, limits
from wattshed.accounts.recommend.choice import recommend
from wattshed.accounts.recommend.limits import OptionStanding
from wattshed.accounts.recommend.words import absent_sentence, count_text, headline, to_json


def test_energies_that_seeds_do_not_tell_apart_are_said():
    study = {"net": STUDY["net"], "net+half": {**STUDY["net+half"], "per_1000_j": 1.99}}
    found = choose(study, jitter=0.1, error_rise_share=0.9)
    others = [one for one in found.options if one.standing == OptionStanding.COSTS_MORE]
    assert any("not told apart" in one.reason for one in others)
    assert "not told apart from" in headline(found)


def test_a_control_and_what_was_made_of_it_is_never_chosen():
    study = {**STUDY, "mixed": {"rmse": 0.9, "total_j": 1.0, "per_1000_j": 0.01}}
    found = choose(study, controls=("mixed",))
    assert found.chosen == "net+half"
    assert found.reference == "net"
    assert found.option("mixed").standing == OptionStanding.CONTROL


def test_numbers_of_forecasts_are_plain_up_to_a_trillion():
    counts = (0, 1e3, 2.5e9, 1e12, 3e15)
    assert [count_text(count) for count in counts] == ["0", "1,000", "2,500,000,000", "1e12", "3e15"]


def test_the_json_has_what_the_sentence_says():
    found = to_json(choose(r2_floor=0.1))
    assert found["chosen"] == "net+half"
    assert found["limits"]["r2_floor"] == 0.1
    assert found["checkpoints"][0]["lineage"] == "net+half"
    assert found["sentence"].startswith("Use net+half")
    half, net, *_, absent = found["checkpoints"]
    for error in ("rmse", "mae"):
        assert half[f"{error}_change_low"] < half[f"{error}_change_share"] < half[f"{error}_change_high"]
    assert half["bytes"] == 4_000
    assert half["latency_s"] == pytest.approx(0.001, rel=0.05)
    assert net["rmse_change_share"] is None, "the reference itself"
    assert absent["lineage"] == "net+int8"
    assert absent["bytes"] is absent["latency_s"] is None


NUMBERS = st.builds(
    lambda rmse, total, per, size, time: {
        "rmse": rmse, "total_j": total, "per_1000_j": per, "bytes": size, "latency_s": time
    },
    st.floats(0.8, 1.3), st.floats(1, 1e3), st.floats(0.01, 10), st.integers(100, 10_000), st.floats(1e-4, 1e-2),
)  # fmt: skip


STUDIES = st.lists(NUMBERS, min_size=1, max_size=4).map(
    lambda found: {"net" if not place else f"net+s{place}": one for place, one in enumerate(found)}
)


@settings(max_examples=15)
@given(
    STUDIES,
    st.sampled_from(["error_rise_share", "r2_floor", "latency_s", "size_bytes"]),
    st.tuples(st.floats(0.001, 1), st.floats(0.001, 1)),
    st.sampled_from([0, 1e3, 1e6]),
)
def test_a_tighter_limit_never_lowers_the_energy_of_the_choice(study, which, ends, forecasts):
    scale = {"error_rise_share": 0.5, "r2_floor": 0.9, "latency_s": 1e-2, "size_bytes": 1e4}[which]
    loose, tight = (end * scale for end in sorted(ends, reverse=which != "r2_floor"))
    data = make_checkpoints(study, spread=0.005)
    first, second = (recommend(*data, limits(forecasts, **{which: end})) for end in (loose, tight))
    assume(second.chosen is not None)
    assert first.chosen is not None
    assert first.option(first.chosen).energy_j.mean <= second.option(second.chosen).energy_j.mean


@settings(max_examples=15)
@given(STUDIES, st.floats(0, 0.3), st.floats(1e-4, 1e-2), st.floats(100, 1e4), st.floats(0.3, 0.9))
def test_the_chosen_one_satisfies_all_limits_and_none_that_does_takes_less(study, rise, time, size, floor):
    frame, days = make_checkpoints(study, spread=0.005)
    found = recommend(frame, days, limits(1e5, rise, latency_s=time, size_bytes=size, r2_floor=floor))
    assume(found.chosen is not None)
    rows = frame[frame["lineage"] == found.chosen]
    best = frame[frame["lineage"] == found.reference]
    for error in ("validation_rmse", "validation_mae"):
        assert rows[error].mean() <= best[error].mean() * (1 + rise) * 1.001
    assert (rows["bytes"] <= size).all()
    assert rows["latency_s_per_window"].mean() <= time * 1.001
    assert rows["validation_r2"].mean() >= floor - 0.001
    chosen = found.option(found.chosen).energy_j.mean
    assert all(
        one.energy_j.mean >= chosen for one in found.options if one.standing == OptionStanding.COSTS_MORE
    )


def test_where_only_baselines_are_absent_the_sentence_says_what_is_not_measured():
    assert absent_sentence([], ["ridge"]) == (
        "Not among the checkpoints: the baselines ridge make no checkpoint that errors by day, time and energy of a "
        "forecast could be measured of."
    )
