"""The choice of a checkpoint under limits: shown or not chosen."""

import math

import pytest

from made_checkpoints import make_checkpoints
from recommended_study import STUDY, choose, limits, standings
from wattshed.accounts.recommend.choice import recommend
from wattshed.accounts.recommend.limits import Option, OptionStanding
from wattshed.accounts.recommend.reasons import more_energy_text
from wattshed.accounts.recommend.words import headline, lines, to_json
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part
from wattshed.statistics.intervals import Interval


def test_a_variant_that_only_serves_to_judge_its_method_is_never_chosen_nor_the_reference():
    better = {**STUDY["net+half"], "rmse": 0.9, "per_1000_j": 0.01, "control": True}
    found = choose(
        {**STUDY, "net+random_mask": better, "net+random_mask+int8": {**better, "per_1000_j": 0.001}}
    )
    assert found.chosen == "net+half"
    assert found.reference == "net"
    for lineage in ("net+random_mask", "net+random_mask+int8"):
        assert found.option(lineage).standing == OptionStanding.CONTROL
        assert found.option(lineage).reason.startswith("a control")
    assert choose({**STUDY, "net+random_mask": {**better, "control": False}}).chosen == "net+random_mask"


def test_of_many_lineages_a_few_near_ones_are_named():
    many = {"net": STUDY["net"]} | {f"net+low_rank_{rank}": {} for rank in range(40)}
    with pytest.raises(
        Fault, match=r"expected one of 41 lineages, such as ([^,]+, ){4}[^,]+\. Correct"
    ) as caught:
        choose(many, against="foo")
    assert len(str(caught.value)) < 300
    with pytest.raises(Fault, match=r"did you mean net\+low_rank_39\?"):
        choose(many, against="net+lowrank_39")
    absent = {**many, "net+int8": STUDY["net+int8"]}
    with pytest.raises(Fault, match=r"no error on the validation part here.*one of 41 lineages, such as "):
        choose(absent, against="net+int8")


def test_few_forecasts_do_not_pay_for_a_smaller_network_and_many_do():
    assert choose(forecasts=1e3).chosen == "net"
    assert choose(forecasts=1e6).chosen == "net+half"


def test_every_other_checkpoint_has_its_reason():
    found = choose()
    assert standings(found) == {
        "net+half": OptionStanding.CHOSEN,
        "net": OptionStanding.COSTS_MORE,
        "net+tiny": OptionStanding.REFUSED,
        "net+int8": OptionStanding.UNAVAILABLE,
    }
    assert "cannot run here: torch has no int8 engine" in found.option("net+int8").reason
    assert "RMSE +29.9% [" in found.option("net+tiny").reason
    assert found.option("net+tiny").reason.endswith(", more than 5%")
    assert found.option("net").reason.startswith("takes 2.")
    assert "against net+half" in found.option("net").reason
    assert len(lines(found)) == 2 + len(found.options)
    assert headline(found).startswith("Use net+half for 1,000,000 forecasts: it takes ")
    assert "On the test part, which chose nothing, its RMSE is +" in headline(found)


def test_the_energy_is_that_of_making_and_of_all_forecasts():
    found = choose(jitter=0.0, forecasts=2e6)
    assert found.option("net").energy_j.mean == pytest.approx(100 + 2e6 * 2 / 1000)
    assert found.option("net+half").energy_j.mean == pytest.approx(110 + 2e6 * 1 / 1000)
    assert choose(jitter=0.0, forecasts=0).option("net").energy_j.mean == pytest.approx(100.0)


def test_a_rise_that_may_exceed_the_limit_is_undecided_and_not_chosen():
    study = {**STUDY, "net+half": {**STUDY["net+half"], "rmse": 1.045}}
    found = choose(study, spread=0.05)
    assert found.chosen == "net"
    assert found.option("net+half").standing == OptionStanding.UNDECIDED
    assert "which may exceed 5% (it would take 1.1" in found.option("net+half").reason
    assert "Undecided, and would take less: net+half (RMSE +4." in headline(found)
    assert "(more seeds may decide)." in headline(found)


def test_of_many_undecided_checkpoints_the_three_of_least_rise_are_named():
    rises = {"a": 1.048, "b": 1.042, "c": 1.046, "d": 1.044, "e": 1.047}
    study = {
        "net": STUDY["net"],
        **{f"net+{name}": {"rmse": rise, "per_1000_j": 1.0} for name, rise in rises.items()},
    }
    found = choose(study, spread=0.05)
    assert found.chosen == "net"
    sentence = headline(found)
    named = sentence.split("would take less: ")[1].split(" and 2 others (more seeds may decide).")[0]
    assert [one.split(" (RMSE +")[0] for one in named.split(", ")] == ["net+b", "net+d", "net+c"]
    changes = [found.option(f"net+{name}").changes["rmse"].mean for name in rises]
    assert all(0 < change < 0.1 for change in changes)


def test_far_more_energy_is_a_number_of_times():
    study = {"net": STUDY["net"], "net+far": {"per_1000_j": 28.4}, "net+near": {"per_1000_j": 3.0}}
    found = choose(study, forecasts=1e9)
    assert ", 14.5 times that of net [" in found.option("net+far").reason
    assert "+5" in found.option("net+near").reason
    assert "against net" in found.option("net+near").reason
    assert "times that of net; one seed shows no spread" in more_energy_text(
        Option("net+far", 1, OptionStanding.COSTS_MORE, "", Interval(30.0, None, None, 1), {1: 30.0}),
        Option("net", 1, OptionStanding.CHOSEN, "", Interval(2.0, None, None, 1), {1: 2.0}),
    )


def test_one_seed_shows_nothing_but_the_reference_itself():
    found = choose(seeds=1)
    assert found.chosen == found.reference == "net"
    assert found.option("net+half").standing == OptionStanding.UNDECIDED
    assert found.option("net+tiny").standing == OptionStanding.UNDECIDED
    assert "one seed shows no spread" in found.option("net+half").reason
    assert "It has one seed" in headline(found)
    # What its days alone put far beyond the limit is no reason to hope.
    assert "Undecided, and would take less: net+half (RMSE +0.8%) (more seeds may decide)." in headline(found)
    none = choose(seeds=1, latency_s=0.01)
    assert none.chosen is None
    assert none.undecided
    assert "for some it is undecided" in headline(none)


def test_the_repeats_of_a_single_seed_show_how_long_a_window_takes():
    frame, days = make_checkpoints(STUDY, seeds=1)
    times = frame["latency_s_per_window"]
    frame = frame.assign(latency_low=0.9 * times, latency_high=1.1 * times)
    limit = 1.05 * times[0]
    assert recommend(frame, days, limits(latency_s=1.2 * times[0])).chosen == "net"
    open_one = recommend(frame, days, limits(latency_s=limit)).option("net")
    assert open_one.standing == OptionStanding.UNDECIDED
    assert "which may exceed" in open_one.reason
    assert (
        recommend(frame, days, limits(latency_s=0.8 * times[0])).option("net").standing
        == OptionStanding.REFUSED
    )


def test_what_only_the_correction_for_all_checkpoints_leaves_open_is_said():
    study = {"net": STUDY["net"]} | {f"net+s{place}": {"rmse": 1.02} for place in range(12)}
    found = choose(study, spread=0.02, error_rise_share=0.04)
    reasons = [one.reason for one in found.options if one.standing == OptionStanding.UNDECIDED]
    assert any("not shown within 4% once corrected for 12 checkpoints" in reason for reason in reasons)


def test_controls_do_not_count_in_the_correction():
    """What is undecided among twelve candidates may be shown where the eleven others are controls."""
    study = {"net": STUDY["net"]} | {f"net+s{place}": {"rmse": 1.02} for place in range(12)}
    frame, days = make_checkpoints(study, 3, 0.02, 0.01)
    asked = limits(error_rise_share=0.04)
    every = recommend(frame, days, asked)
    assert every.tested == 12
    decided_alone = 0
    for name in list(study)[1:]:
        others = ~frame["lineage"].isin(["net", name])
        found = recommend(frame.assign(control=others), days, asked)
        alone = recommend(frame[~others], days[days["lineage"].isin(["net", name])], asked)
        assert found.tested == alone.tested == 1
        assert found.option(name) == alone.option(name)
        assert [one.standing for one in found.options].count(OptionStanding.CONTROL) == 11
        # A control still says how its error changes.
        assert all(one.changes["rmse"].mean is not None for one in found.options if one.lineage != "net")
        undecided = every.option(name).standing == OptionStanding.UNDECIDED
        decided_alone += undecided and found.option(name).standing != OptionStanding.UNDECIDED
    assert decided_alone > 0


def test_a_model_on_a_shuffled_graph_does_not_count_either():
    study = {**STUDY, "mixed": {"rmse": 0.5}}
    assert choose(study).tested == 3
    assert choose(study, controls=("mixed",)).tested == choose().tested == 2


def test_the_number_of_tests_is_said():
    found = choose()
    assert "tests of errors corrected for 2 checkpoints)" in headline(found)
    assert to_json(found)["corrected_for"] == 2
    # With a floor of R2, the reference is tested too.
    assert choose(r2_floor=0.1).tested == 3
    one = choose({name: STUDY[name] for name in ("net", "net+half")})
    assert one.tested == 1
    assert "corrected" not in headline(one)


def test_a_control_as_the_reference_is_not_judged_itself():
    study = {**STUDY, "net+random_mask": {"rmse": 1.0, "control": True}}
    found = choose(study, against="net+random_mask")
    assert found.reference == "net+random_mask"
    assert found.option("net+random_mask").standing == OptionStanding.CONTROL
    assert found.tested == 3


def test_errors_are_judged_on_the_part_that_is_named():
    study = {**STUDY, "net+half": {**STUDY["net+half"], "validation_rmse": 1.2, "later_rmse": 0.8}}
    assert choose(study).chosen == "net"
    assert choose(study, part=Part.TEST).chosen == "net+half"
    assert "chosen on the test part" in headline(choose(study, part=Part.TEST))
    later = choose(study, part=Part.LATER)
    assert later.reference == later.chosen == "net+half"
    assert "later months" in headline(later)
    assert "(ACC), some of them before months that it learned from" in headline(later)
    assert "not the error of a future month" in headline(later)


def test_a_named_reference_is_used():
    found = choose(against="net+tiny")
    assert found.reference == "net+tiny"
    assert found.chosen == "net+tiny"
    assert "above net+tiny" in headline(found)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"against": "net+hlf"}, "'net.hlf' is not a checkpoint that was compared; did you mean net.half"),
        ({"against": "xyz"}, "expected one of net, net.half, net.tiny"),
        ({"against": "net+int8"}, "net.int8 has no error on the validation part here"),
    ],
)
def test_a_reference_that_cannot_be_one_is_refused(keys, says):
    with pytest.raises(Fault, match=says):
        choose(**keys)


def test_results_of_an_older_version_are_refused_in_one_sentence():
    frame, days = make_checkpoints(STUDY)
    with pytest.raises(Fault, match=r"no errors on the validation part.*run snakemake again"):
        recommend(frame.drop(columns="validation_rmse"), days, limits())
    with pytest.raises(Fault, match="no compared checkpoint has an error on the later part"):
        recommend(frame.assign(later_rmse=math.nan), days, limits(part=Part.LATER))


@pytest.mark.parametrize(
    ("keys", "refused", "says"),
    [
        ({"size_bytes": 3_999}, "net+half", "4,000 bytes, more than 3,999"),
        ({"latency_s": 0.0005}, "net+half", "a window takes 1"),
        ({"r2_floor": 0.9}, "net+half", "below the floor of 0.9"),
    ],
)
def test_each_limit_refuses_with_its_numbers(keys, refused, says):
    found = choose(**keys)
    assert found.chosen is None
    assert not found.undecided
    assert found.option(refused).standing == OptionStanding.REFUSED
    assert says in found.option(refused).reason
    assert "none of 3 checkpoints keeps all limits" in headline(found)


@pytest.mark.parametrize(
    ("keys", "without"),
    [
        ({"size_bytes": 3_999}, {"errors": "net+tiny", "bytes": "net+half"}),
        ({"latency_s": 0.0007, "size_bytes": 500}, {}),
        ({"latency_s": 0.0001}, {"time": "net+half"}),
        ({"r2_floor": 0.99}, {"R2": "net+half"}),
    ],
)
def test_a_limit_that_alone_is_to_blame_is_named(keys, without):
    found = choose(**keys)
    assert found.chosen is None
    assert found.without == without
    said = headline(found)
    assert said.count("Without the limit on ") == len(without)
    for name, lineage in without.items():
        assert f"Without the limit on {name}, {lineage} would keep the others." in said
    assert choose().without == {}


def test_a_limit_that_is_met_exactly_is_kept():
    assert choose(size_bytes=4_000).chosen == "net+half"


def test_a_time_whose_interval_reaches_over_the_limit_is_undecided():
    found = choose(latency_s=0.00101, jitter=0.05)
    assert found.option("net+half").standing == OptionStanding.UNDECIDED
    assert found.chosen is None
    assert found.undecided


def test_unknown_energies_are_never_chosen_and_said():
    frame, days = make_checkpoints(STUDY)
    one = (frame["lineage"] == "net+half") & (frame["seed"] == 2)
    for column in ("total_j", "energy_j_per_1000_forecasts"):
        found = recommend(frame.assign(**{column: frame[column].mask(one)}), days, limits())
        assert found.chosen == "net"
        assert found.option("net+half").standing == OptionStanding.UNKNOWN_ENERGY
        assert "energy to make it or of its forecasts is unknown" in found.option("net+half").reason
    nothing = recommend(frame.assign(total_j=math.nan), days, limits())
    assert nothing.chosen is None
    assert nothing.undecided


def test_of_equals_the_one_of_fewer_steps_is_chosen():
    same = STUDY["net"]
    found = choose({"net+frozen": same, "net": same}, jitter=0.0, spread=0.0)
    assert found.chosen == "net"
    assert "as much as net, which has fewer steps or stands first" in found.option("net+frozen").reason
