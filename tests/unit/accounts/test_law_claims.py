"""Claims of the energy law's source: its arithmetic by its own formulas, its law by the study's predictions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimed_results import results
from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.predictions import NONE_MEASURED, NONE_PREDICTED, r2_interval

MODELS = ("gru", "lstm", "transformer", "stgnn", "dlinear", "tcn")


def predictions(errors=(0.02, -0.03, 0.05, -0.01, 0.04, -0.02), affine=0.2, roofline=0.3, seeds=(1, 2)):
    """Steps of six models; the law's relative errors by model, those of its rivals the same for all."""
    rows = []
    for place, (model, error) in enumerate(zip(MODELS, errors, strict=False)):
        for seed in seeds:
            measured = 2.0**place * (1 + 0.01 * seed)
            rows += [
                {
                    "model": model, "seed": seed, "quantity": quantity, "predicted_j": measured * (1 + error) * count,
                    "measured_j": measured * count, "affine_j": measured * (1 + affine) * count,
                    "roofline_j": measured * (1 + roofline) * count, "why_none": None,
                }
                for quantity, count in (("step", 1), ("training", 1000))
            ]  # fmt: skip
    return pd.DataFrame(rows)


def judged(config, frame=None):
    frames = {} if frame is None else {"compared_predictions": frame}
    found = claims_frame(["power_laws"], results(config, **frames))
    return {claim: rows.to_dict("records") for claim, rows in found.groupby("claim", sort=False)}


def test_the_arithmetic_is_judged_in_every_study(config):
    found = judged(config)
    said = {claim: [(row["of"], row["verdict"]) for row in rows] for claim, rows in found.items()}
    terms, final = "sum of the read-me's printed terms", "formulas of the final paper"
    assert said["example_more"] == [(terms, "holds"), (final, "does not hold")]
    assert said["example_million"] == [(terms, "does not hold"), (final, "does not hold")]
    assert said["example_twice"] == said["example_11_kwh"] == [(final, "holds")]
    (duration,) = found["example_duration"]
    assert (duration["verdict"], duration["mean"]) == ("does not hold", pytest.approx(3508.43, abs=0.01))
    assert [row["mean"] for row in found["example_more"]] == [
        pytest.approx(18.96, abs=5e-3),
        pytest.approx(118.96, abs=5e-3),
    ]


def test_the_fit_of_all_points_misses_the_claim_without_predictions(config):
    found = judged(config)
    (fit,) = found["law_r2"]
    assert (fit["mean"], fit["verdict"]) == (0.5665, "does not hold")
    assert "97,851 points" in fit["of"]
    for claim in ("law_general", "law_form"):
        assert [(row["verdict"], row["reason"]) for row in found[claim]] == [
            ("not measured here", NONE_PREDICTED)
        ]


def test_predictions_of_the_study_are_judged_by_their_own_numbers(config):
    found = judged(config, predictions())
    (general,) = found["law_general"]
    assert general["mean"] == pytest.approx(100 * np.mean([0.02, 0.03, 0.05, 0.01, 0.04, 0.02]))
    assert (general["verdict"], general["n"], general["where"]) == ("holds", 6, "table energy_predictions")
    assert [row["verdict"] for row in found["law_form"]] == ["holds", "holds"]
    assert "against an affine latency" in found["law_form"][0]["of"]
    _, own = found["law_r2"]
    assert own["low"] <= own["mean"] <= own["high"] <= 1
    assert own["verdict"] == "holds"


def test_a_law_that_is_worse_than_its_rivals_does_not_hold(config):
    errors = (0.30, 0.31, -0.29, 0.28, 0.33, -0.32)
    found = judged(config, predictions(errors, affine=0.05, roofline=0.30))
    assert found["law_general"][0]["verdict"] == "does not hold"
    affine, roofline = found["law_form"]
    assert (affine["verdict"], roofline["verdict"]) == ("does not hold", "undecided")


def test_models_without_prediction_or_measurement_are_left_out(config):
    frame = predictions()
    frame.loc[frame["model"] == "gru", "why_none"] = "no law for convolution"
    frame.loc[frame["model"] == "lstm", "measured_j"] = 0.0
    frame.loc[frame["model"] == "tcn", "predicted_j"] = np.nan
    assert judged(config, frame)["law_general"][0]["n"] == 3
    frame["why_none"] = "no law for convolution"
    assert judged(config, frame)["law_general"][0]["reason"] == NONE_MEASURED
    without = predictions().assign(affine_j=np.nan, roofline_j=np.nan)
    assert judged(config, without)["law_form"][0]["reason"] == "this study has no simpler law to compare with"


def test_few_models_decide_no_r2(config):
    three = predictions((0.02, -0.03, 0.05))
    _, own = judged(config, three)["law_r2"]
    assert own["verdict"] == "undecided"
    assert len(judged(config, predictions((0.02,)))["law_r2"]) == 1


@given(
    st.lists(
        st.tuples(st.floats(0.1, 1e3), st.floats(-0.5, 0.5)),
        min_size=5,
        max_size=12,
        unique_by=lambda x: x[0],
    )
)
def test_the_interval_of_r2_is_the_same_each_time_and_never_above_one(values):
    measured, errors = (np.array(one) for one in zip(*values, strict=True))
    found = r2_interval(measured, measured * (1 + errors))
    assert found == r2_interval(measured, measured * (1 + errors))
    assert found.low <= found.high <= 1
    exact = r2_interval(measured, measured)
    assert (exact.mean, exact.low, exact.high) == (1, 1, 1)


def test_r2_of_equal_measurements_is_unknown():
    assert r2_interval(np.ones(6), np.ones(6)).mean is None
