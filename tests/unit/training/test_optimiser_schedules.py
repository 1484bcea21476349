"""Rates per layer and over a training."""

import pytest
import torch

from made_pairs import pairs_of
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.foundation.faults import Fault
from wattshed.training.step.optimiser import make_optimiser
from wattshed.training.step.schedules import Schedule


def recipe(**keys):
    base = {"sampling": "pairs", "batch": 8, "epochs": 4, "learning_rate": 0.1, "scaling": "node"}
    return RecipeBlock(**{**base, "schedule": "plateau", **keys})


def rates_by_name(network, optimiser):
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        names[id(parameter)]: group["lr"] for group in optimiser.param_groups for parameter in group["params"]
    }


def test_without_layer_rates_there_is_one_group_in_the_networks_order():
    network = STGNN(3, 4)
    groups = make_optimiser(network, recipe()).param_groups
    assert len(groups) == 1
    assert all(a is b for a, b in zip(groups[0]["params"], network.parameters(), strict=True))


def test_the_longest_name_decides_and_the_rest_keeps_the_recipes_rate():
    network = STGNN(3, 4)
    factors = {"gru": 0.5, "gru.weight_hh_l0": 2.0, "output": 0.0}
    rates = rates_by_name(network, make_optimiser(network, recipe(layer_rates=factors)))
    assert set(rates) == {name for name, _ in network.named_parameters()}
    assert rates["gru.weight_hh_l0"] == pytest.approx(0.2)
    assert rates["gru.weight_ih_l0"] == rates["gru.bias_hh_l0"] == pytest.approx(0.05)
    assert rates["output.weight"] == rates["output.bias"] == 0
    assert rates["own.weight"] == rates["neighbours.weight"] == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["grue", "g", "gru.", "GRU", ""])
def test_an_unknown_layer_is_a_fault_that_names_the_real_ones(name):
    with pytest.raises(
        Fault, match=r"expected a layer \(own, neighbours, gru, output\) or a parameter \(own.weight"
    ):
        make_optimiser(STGNN(3, 4), recipe(layer_rates={name: 1.0}))


@pytest.mark.parametrize(
    "factors", [{}, {"gru": 0.1}, {"own": 1.0, "neighbours": 1.0, "gru": 1.0, "output": 0.5}]
)
def test_the_plateau_schedule_obeys_its_keys_and_keeps_the_factors(factors):
    keys = {"plateau_factor": 0.1, "plateau_patience": 1, "minimum_rate": 5e-3}
    block = recipe(layer_rates=factors, **keys)
    network = STGNN(3, 4)
    optimiser = make_optimiser(network, block)
    schedule = Schedule(block, optimiser, total_steps=100)
    rates = []
    for _ in range(6):
        schedule.before_step(0)
        schedule.after_epoch(1.0)
        rates.append(schedule.rate)
        for name, rate in rates_by_name(network, optimiser).items():
            assert rate == pytest.approx(schedule.rate * factors.get(name.split(".")[0], 1.0))
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.005, 0.005])


def test_the_cosine_schedule_keeps_the_factors_too():
    block = recipe(schedule="cosine", layer_rates={"gru": 0.1}, warm_up_steps=2)
    network = STGNN(3, 4)
    optimiser = make_optimiser(network, block)
    schedule = Schedule(block, optimiser, total_steps=10)
    for step in range(10):
        schedule.before_step(step)
        rates = rates_by_name(network, optimiser)
        assert rates["gru.bias_ih_l0"] == pytest.approx(0.1 * rates["own.weight"])
        assert rates["own.weight"] == schedule.rate
    schedule.after_epoch(1.0)
    assert schedule.rate < 0.01


def test_a_layer_with_the_factor_zero_stays_as_it_is():
    network = STGNN(3, 4)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = make_optimiser(network, recipe(layer_rates={"gru": 0.0}, weight_decay=0.5))
    network(pairs_of(torch.randn(6, 5), torch.randn(6, 5), torch.ones(6))).square().mean().backward()
    optimiser.step()
    moved = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if not name.startswith("gru.")}
