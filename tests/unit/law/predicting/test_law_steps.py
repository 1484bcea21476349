"""The benchmark of held-out steps finds laws that are exact, and says when a rival is as good."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from hand_made_profile import hand_made_profile
from wattshed.calibration.fits.points import StepPoint
from wattshed.law.operations.tokens import TOKEN_FAMILIES, TokenSizes, token_training_step
from wattshed.law.predicting.step import predict_step

BENCHMARKS = Path(__file__).resolve().parents[4] / "benchmarks"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


JUDGED, PAGE = loaded("law_steps_judged"), loaded("law_steps_page")


def steps(count, seed, noise=0.0):
    """Steps of three families that take exactly what the profile says, but for the noise."""
    random, profile, found = np.random.default_rng(seed), hand_made_profile(), []
    for number in range(count):
        family = TOKEN_FAMILIES[number % 3]
        batch, length, layers = (int(random.integers(low, high)) for low, high in ((2, 30), (8, 90), (1, 5)))
        width = 16 * int(random.integers(2, 12))
        operations = token_training_step(family, TokenSizes(batch, length, width, layers, 2, 2 * width, 128))
        cost = predict_step(operations, profile)
        factor = random.lognormal(0, noise)
        found.append(
            StepPoint(
                family,
                "tokens",
                {"number": number},
                operations,
                cost.time_s * factor,
                cost.energy_j * factor,
                9,
            )
        )
    return found


@pytest.fixture(scope="module")
def rows():
    held_out = [
        JUDGED.HeldOut(step, (step.energy_j, step.energy_j * 1.02, step.energy_j))
        for step in steps(30, 1, 0.03)
    ]
    return JUDGED.judged_rows(hand_made_profile(), steps(45, 2, 0.03), held_out)


def test_exact_laws_predict_left_out_families(rows):
    found = JUDGED.summary(rows)
    assert set(found) == {*TOKEN_FAMILIES, "all"}
    # The noise is 3 %; terms of three unknowns add their own.
    assert found["all"]["law"] < 0.05
    assert found["all"]["inside"] >= 0.8
    assert found["all"]["after"] < 0.03
    assert found["all"]["law"] < found["all"]["affine"]
    # The hand-made profile kept no kernels, so that no form can be fitted to every one of them.
    by_kernel = {f"{form}_kernels" for form in JUDGED.BY_KERNEL}
    assert set(JUDGED.RIVALS) - by_kernel <= set(found["all"])


def test_the_page_names_goals_and_rivals_that_are_as_good(rows):
    summary = JUDGED.summary(rows)
    assert any(line.startswith("* Met: the error of left-out families") for line in PAGE.sentences(summary))
    summary["all"]["affine"], summary["all"]["law"] = 0.2, 0.2
    said = PAGE.sentences(summary)
    assert any(line.startswith("* Missed: the error of left-out families is 20.0 %") for line in said)
    assert any("affine" in line and "as good as the laws of kernels or better" in line for line in said)


def test_no_measured_step_of_the_family_is_used(rows):
    held_out = [JUDGED.HeldOut(step, (step.energy_j,) * 2) for step in steps(30, 1) if step.family == "gru"]
    calibration = steps(45, 2, 0.03)
    wrong = [
        StepPoint(one.family, one.source, one.size, one.operations, 50.0, 500.0, 9)
        if one.family == "gru"
        else one
        for one in calibration
    ]
    both = [JUDGED.judged_rows(hand_made_profile(), some, held_out) for some in (calibration, wrong)]
    assert both[0] == both[1]


def test_a_step_without_energy_is_refused():
    step = steps(1, 1)[0]
    unknown = StepPoint(step.family, step.source, step.size, step.operations, step.time_s, None, 9)
    with pytest.raises(JUDGED.Fault, match="energy of a step is not known"):
        JUDGED.rivals_of([unknown])
