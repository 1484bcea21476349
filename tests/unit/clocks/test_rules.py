"""Rules of choice: the contract of all, each against brute force, and what holds for any curves."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.estimates import Estimates
from wattshed.clocks.choosing.picks import pick
from wattshed.clocks.choosing.rules.metrics import METRICS
from wattshed.clocks.choosing.rules.protocol import Outcomes, front
from wattshed.config.clocks.choice import MetricName
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

RULES = plugins.names("clock_rule")
SETTINGS = np.array([510, 660, 810, 960, 1110, 1260, 1410])


def noise_free():
    """One draw of a GPU whose energy is least in the middle; relative to the maximum."""
    share = SETTINGS / SETTINGS[-1]
    time = 0.3 + 0.7 / share
    energy = time * (0.4 + 0.6 * share**3)
    return Outcomes(SETTINGS, energy[None] / energy[-1], time[None])


@st.composite
def curves(draw):
    """1 to 4 draws of 2 to 8 settings of any energy and time, and which are allowed."""
    count, draws = draw(st.integers(2, 8)), draw(st.integers(1, 4))
    size = draws * count
    # Few values, so that ties are common.
    value = st.sampled_from([0.5, 0.8, 0.9, 0.95, 1.0, 1.04, 1.05, 1.2, 2.0])
    energy, time = (
        np.array(draw(st.lists(value, min_size=size, max_size=size))).reshape(draws, count) for _ in range(2)
    )
    energy[:, -1] = time[:, -1] = 1
    allowed = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size))).reshape(draws, count)
    return Outcomes(np.arange(1, count + 1) * 100, energy, time), allowed


@pytest.mark.parametrize("name", RULES)
@given(given_curves=curves())
def test_every_rule_picks_an_allowed_setting_or_none(name, given_curves):
    outcomes, allowed = given_curves
    places = plugins.load("clock_rule", name).pick(outcomes, allowed, Limits())
    assert places.shape == (len(allowed),)
    for draw, place in enumerate(places):
        assert place == -1 or allowed[draw, place]
    if name in ("energy", "edp", "ed2p", "metric", "weighted", "knee", "pareto"):
        assert ((places >= 0) == allowed.any(axis=1)).all()


@pytest.mark.parametrize("name", RULES)
@given(given_curves=curves())
def test_every_draw_is_picked_from_alone(name, given_curves):
    """Otherwise the interval of the choice would not be the rule's own."""
    outcomes, allowed = given_curves
    rule = plugins.load("clock_rule", name)
    alone = [
        rule.pick(
            Outcomes(outcomes.settings, outcomes.energy[[one]], outcomes.time[[one]]),
            allowed[[one]],
            Limits(),
        )
        for one in range(len(allowed))
    ]
    assert rule.pick(outcomes, allowed, Limits()).tolist() == np.concatenate(alone).tolist()


def test_rules_are_light_to_import():
    code = (
        f"import sys\nfrom wattshed.foundation import plugins\nfor name in {RULES!r}:\n"
        "    plugins.load('clock_rule', name)\n"
        "    assert not {'torch', 'pandas', 'scipy'} & set(sys.modules), name"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def best_of(cost, fits):
    """Brute force over the settings, one at a time."""
    best = None
    for setting, one, fit in zip(SETTINGS, cost, fits, strict=True):
        if fit and (best is None or one <= best[0]):
            best = (one, int(setting))
    return best[1]


@pytest.mark.parametrize("limit", [0.02, 0.15, 0.6])
def test_each_rule_agrees_with_brute_force_on_curves_without_noise(limit):
    outcomes = noise_free()
    energy, time = outcomes.energy[0], outcomes.time[0]
    within = time <= 1 + limit
    limits = Limits(
        limit, metric="user_experience", energy_weight=0.3, time_weight=0.7, most_energy_share=0.93
    )
    everything = np.ones(7, dtype=bool)
    expected = {
        "energy": best_of(energy, everything),
        "edp": best_of(energy * time, everything),
        "ed2p": best_of(energy * time**2, everything),
        "least_energy": best_of(energy, within),
        "metric": best_of(energy, within),
        "lowest": int(SETTINGS[within].min()),
        "weighted": best_of(0.3 * energy + 0.7 * time, everything),
        "epsilon": best_of(time, energy <= 0.93),
    }
    for name, setting in expected.items():
        (place,) = plugins.load("clock_rule", name).pick(outcomes, everything[None], limits)
        assert SETTINGS[place] == setting, name
    (bounded,) = plugins.load("clock_rule", "epsilon").pick(
        outcomes, everything[None], Limits(most_time_share=1.2)
    )
    assert SETTINGS[bounded] == best_of(energy, time <= 1.2)


def test_the_lowest_clock_is_not_that_of_least_energy():
    outcomes, everything = noise_free(), np.ones((1, 7), dtype=bool)
    picked = {
        name: int(SETTINGS[plugins.load("clock_rule", name).pick(outcomes, everything, Limits(0.9))[0]])
        for name in ("lowest", "least_energy")
    }
    assert picked["lowest"] < picked["least_energy"] < 1410


@given(given_curves=curves())
def test_the_front_is_not_dominated_and_dominates_the_rest(given_curves):
    outcomes, allowed = given_curves
    members = front(outcomes, allowed)
    for draw in range(len(allowed)):
        points = list(zip(outcomes.energy[draw], outcomes.time[draw], strict=True))
        for place, (energy, time) in enumerate(points):
            beaten = any(
                allowed[draw, other] and e <= energy and t <= time and (e < energy or t < time)
                for other, (e, t) in enumerate(points)
            )
            assert members[draw, place] == (allowed[draw, place] and not beaten)


@given(given_curves=curves())
def test_all_weight_on_time_gives_the_fastest(given_curves):
    outcomes, allowed = given_curves
    limits = Limits(energy_weight=0, time_weight=1)
    for draw, place in enumerate(plugins.load("clock_rule", "weighted").pick(outcomes, allowed, limits)):
        if place >= 0:
            assert outcomes.time[draw, place] == outcomes.time[draw][allowed[draw]].min()


@given(given_curves=curves())
def test_knee_and_pareto_pick_from_the_front(given_curves):
    outcomes, allowed = given_curves
    members = front(outcomes, allowed)
    for name in ("knee", "pareto"):
        for draw, place in enumerate(plugins.load("clock_rule", name).pick(outcomes, allowed, Limits())):
            assert place == -1 or members[draw, place]


def test_metrics_have_the_units_they_say():
    """A call of 2 s and 10 J."""
    values = {name: metric.value(10.0, 2.0) for name, metric in METRICS.items()}
    assert values == {
        "energy": 10,
        "edp": 20,
        "ed2p": 40,
        "response_time": 2,
        # 0.5 calls per second at 5 W.
        "throughput_per_watt": pytest.approx(0.5 / 5),
        "user_experience": 10,
        "energy_per_task": 10,
        "inference_efficiency": pytest.approx(1 / 20),
    }
    assert set(METRICS) == set(MetricName.__args__)


HIGHER_IS_BETTER = {"throughput_per_watt", "inference_efficiency"}


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"user_experience"}))
def test_the_lowest_cost_is_the_best_value(name):
    outcomes = noise_free()
    metric = METRICS[name]
    cost = metric.cost(outcomes.energy, outcomes.time, 1.05)[0]
    values = [metric.value(*pair) for pair in zip(outcomes.energy[0], outcomes.time[0], strict=True)]
    assert cost.argmin() == (np.argmax(values) if name in HIGHER_IS_BETTER else np.argmin(values))


class Greedy:
    title = "always the first"

    def pick(self, outcomes, allowed, limits):
        return np.zeros(len(allowed), dtype=int)


class OfOneDraw(Greedy):
    def pick(self, outcomes, allowed, limits):
        return np.zeros(1, dtype=int)


class OfFloats(Greedy):
    def pick(self, outcomes, allowed, limits):
        return np.zeros(len(allowed))


@pytest.mark.parametrize(
    ("rule", "first_allowed"), [(Greedy(), False), (OfOneDraw(), True), (OfFloats(), True)]
)
def test_a_rule_that_picks_what_is_not_allowed_is_named(rule, first_allowed):
    ones, nothing = np.ones(2), np.zeros((2, 7))
    estimates = Estimates("median", SETTINGS, np.full(7, 3), ones, ones, nothing, nothing)
    allowed = np.ones((2, 7), dtype=bool)
    assert pick("mine", Greedy(), estimates, allowed, Limits()).place == 0
    allowed[:, 0] = first_allowed
    with pytest.raises(Fault, match="the clock rule 'mine' picked a setting that is not allowed"):
        pick("mine", rule, estimates, allowed, Limits())
