"""Every model of energy fits, predicts, and refuses what it cannot take."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.energy.models import MODELS, energy_model
from wattshed.law.energy.points import EnergyPoints

LINEAR = ("least_squares", "ridge", "non_negative", "non_negative_ridge", "non_negative_relative")
GENERAL = (*LINEAR, "log_linear", "boosted_trees", "time_power")


def drawn(seed, rows=30, columns=3):
    """Steps without any law, in which coefficients of either sign fit best."""
    random = np.random.default_rng(seed)
    return EnergyPoints(
        source="drawn steps",
        predictors=random.lognormal(size=(rows, columns)),
        predictor_names=tuple(f"t{place}" for place in range(columns)),
        energy_j=random.lognormal(size=rows),
    )


@pytest.mark.parametrize("name", GENERAL)
def test_a_model_predicts_made_steps_that_it_did_not_see(made, name):
    model = energy_model(name)
    assert model.name == name
    fitted = model.fit(made(300))
    fresh = made(100, seed=1)
    predicted = fitted.predict(fresh)
    errors = np.abs(predicted / fresh.energy_j - 1)
    limit = {"log_linear": 0.15, "boosted_trees": 0.05, "ridge": 0.03, "non_negative_ridge": 0.03}
    assert errors.mean() < limit.get(name, 1e-6)


@pytest.mark.parametrize("name", ["least_squares", "non_negative", "non_negative_relative"])
def test_the_law_of_made_steps_is_found(made, name):
    fitted = energy_model(name).fit(made())
    assert fitted.intercept_j == pytest.approx(5)
    assert fitted.coefficients == pytest.approx({"first_s": 2, "second_s": 3})


@pytest.mark.parametrize("name", GENERAL)
def test_predictions_do_not_look_at_the_measured_energy(made, name):
    fitted = energy_model(name).fit(made(100))
    given_twice = made(50, seed=2), made(50, seed=2, energy_j=np.ones(50))
    first, second = (fitted.predict(points) for points in given_twice)
    np.testing.assert_array_equal(first, second)


@given(seed=st.integers(0, 10_000), name=st.sampled_from([name for name in LINEAR if "non" in name]))
def test_no_coefficient_of_a_non_negative_model_is_negative(seed, name):
    fitted = energy_model(name).fit(drawn(seed))
    assert fitted.intercept_j >= 0
    assert min(fitted.coefficients.values()) >= 0


def test_least_squares_gives_what_non_negative_models_avoid():
    """The property above is not empty."""
    found = [min(energy_model("least_squares").fit(drawn(seed)).coefficients.values()) for seed in range(5)]
    assert min(found) < 0


@given(seed=st.integers(0, 10_000), exponent=st.integers(-9, 9), name=st.sampled_from(LINEAR))
def test_units_of_durations_do_not_change_predictions(seed, exponent, name):
    points = drawn(seed)
    factor = np.array([10.0**exponent, 1.0, 10.0**-exponent])
    scaled = EnergyPoints(points.source, points.predictors * factor, points.predictor_names, points.energy_j)
    model = energy_model(name)
    np.testing.assert_allclose(
        model.fit(points).predict(points), model.fit(scaled).predict(scaled), rtol=1e-6, atol=1e-9
    )


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6), name=st.sampled_from(LINEAR))
def test_the_unit_of_energy_goes_through(seed, factor, name):
    points = drawn(seed)
    scaled = EnergyPoints(points.source, points.predictors, points.predictor_names, points.energy_j * factor)
    model = energy_model(name)
    plain = model.fit(points).predict(points)
    np.testing.assert_allclose(
        model.fit(scaled).predict(scaled), factor * plain, rtol=1e-6, atol=1e-8 * factor
    )


@given(seed=st.integers(0, 10_000))
def test_ridge_shrinks_and_without_strength_is_least_squares(seed):
    from wattshed.law.energy.linear import Ridge

    points = drawn(seed)
    spread = points.predictors.std(axis=0)

    def size(strength):
        found = Ridge("any", "any", strength).fit(points).coefficients.values()
        return float(np.linalg.norm(np.array(list(found)) * spread))

    sizes = [size(strength) for strength in (0.0, 1.0, 100.0, 1e6)]
    assert sizes == sorted(sizes, reverse=True)
    # The penalty of next to nothing changes nothing.
    assert size(1e-9) == pytest.approx(sizes[0])


def test_identical_columns_get_equal_coefficients(made):
    points = made()
    twice = made(
        predictors=points.predictors[:, [0, 1, 1]],
        predictor_names=("first_s", "second_s", "again_s"),
    )
    found = energy_model("least_squares").fit(twice).coefficients
    assert found == pytest.approx({"first_s": 2, "second_s": 1.5, "again_s": 1.5})


@pytest.mark.parametrize("name", LINEAR)
def test_a_constant_column_does_no_harm(made, name):
    points = made()
    with_constant = np.column_stack([points.predictors, np.full(len(points), 0.02564)])
    fitted = energy_model(name).fit(
        made(predictors=with_constant, predictor_names=("first_s", "second_s", "always_s"))
    )
    predicted = fitted.predict(
        made(predictors=with_constant, predictor_names=("first_s", "second_s", "always_s"))
    )
    assert np.abs(predicted / points.energy_j - 1).mean() < 0.03


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(
        Fault, match="the energy model 'lasso' is unknown: name one of published_code, "
    ) as fault:
        energy_model("lasso")
    assert all(name in str(fault.value) for name in MODELS)


@pytest.mark.parametrize("name", LINEAR)
def test_fewer_rows_than_coefficients_are_refused(made, name):
    energy_model(name).fit(made(3))
    with pytest.raises(Fault, match=f"{name} fits 3 coefficients, but there are 2 measured steps"):
        energy_model(name).fit(made(2))


def test_sizes_need_rows_too(made):
    with pytest.raises(Fault, match="log_linear fits 3 coefficients, but there are 2 measured steps"):
        energy_model("log_linear").fit(made(2))
    with pytest.raises(Fault, match="boosted_trees needs 40 measured steps, but there are 39"):
        energy_model("boosted_trees").fit(made(39))


@pytest.mark.parametrize(
    ("name", "absent", "words"),
    [
        ("log_linear", {"sizes": None}, "holds no sizes, which log_linear needs"),
        ("time_power", {"measured_time_s": None}, "holds no measured times, which time_power needs"),
        ("published_code", {}, "has no predictor 'qkv_pseudo_us'"),
    ],
)
def test_what_a_model_takes_is_asked_for(made, name, absent, words):
    with pytest.raises(Fault, match=words):
        energy_model(name).fit(made(50, **absent))


def test_sizes_and_times_of_zero_are_named(made):
    zero = made(50).sizes.copy()
    zero[4, 1] = 0
    with pytest.raises(Fault, match="row 5: second is 0, but a size is positive"):
        energy_model("log_linear").fit(made(50, sizes=zero))
    times = made(50).measured_time_s.copy()
    times[6] = -1
    with pytest.raises(Fault, match="row 7: measured_time_s is -1, but a time is positive"):
        energy_model("time_power").fit(made(50, measured_time_s=times))


def test_trees_fall_back_to_lightgbm_and_then_to_a_sentence(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(Fault, match="needs scikit-learn or LightGBM, and neither is installed"):
        energy_model("boosted_trees").fit(made(50))
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    predicted = energy_model("boosted_trees").fit(made(300)).predict(made(300))
    assert np.abs(predicted / made(300).energy_j - 1).mean() < 0.1


def test_models_are_light_to_import():
    import subprocess

    code = (
        "import sys, wattshed.law.energy.models, wattshed.law.energy.fits_shown, wattshed.law.energy.recorded, "
        "wattshed.law.energy.identifiability\n"
        "print(sorted({'pandas', 'sklearn', 'scipy', 'torch', 'lightgbm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
