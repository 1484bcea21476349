"""Low rank trained from scratch: fresh factors of the right size, and a whole training by the recipe."""

import pytest
import torch

from made_makings import making_of, random_network, short_recipe
from wattshed.compression.methods.low_rank_scratch import METHOD, LowRankScratchSettings
from wattshed.forecast.networks.thin import fresh
from wattshed.foundation.faults import Fault

SETTINGS = LowRankScratchSettings(method="low_rank_scratch", rank=3)


@pytest.mark.parametrize("rank", [1, 4, 16])
def test_the_product_has_the_variance_of_the_matrix_that_it_replaces(rank):
    layer = torch.nn.Linear(64, 192)
    products = torch.stack([fresh(layer.weight, layer.bias, rank).product.detach() for _ in range(40)])
    assert float(products.square().mean()) == pytest.approx(
        float(layer.weight.detach().square().mean()), rel=0.1
    )
    assert abs(float(products.mean())) < 0.002
    made = fresh(layer.weight, layer.bias, rank)
    assert torch.equal(made.wide.bias, layer.bias)
    assert made.thin.weight.shape == (rank, 64)


def test_in_the_place_of_zeros_the_product_is_zero_and_learns():
    """The output of a network with a linear part starts at zero."""
    made = fresh(torch.zeros(6, 16), torch.zeros(6), 3)
    assert torch.equal(made.product, torch.zeros(6, 16))
    (made(torch.randn(5, 16)) - 1).square().mean().backward()
    assert float(made.wide.weight.grad.abs().max()) > 0


def test_it_is_trained_and_uses_no_weight_of_the_checkpoint(task, graph):
    making = making_of(task, graph, random_network(task, graph, form="stgnn"), form="stgnn")
    other = making_of(task, graph, random_network(task, graph, seed=7, form="stgnn"), form="stgnn")
    before = {name: value.clone() for name, value in making.network.state_dict().items()}
    made, again = METHOD.make_from(making, SETTINGS), METHOD.make_from(other, SETTINGS)
    for name, value in made.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert all(torch.equal(value, before[name]) for name, value in making.network.state_dict().items())
    assert making.notes["steps"] == 12
    untrained = METHOD.skeleton(making.untrained_here(), SETTINGS)
    trained = made.state_dict()["gru.state_map.thin.weight"]
    assert not torch.equal(trained, untrained.state_dict()["gru.state_map.thin.weight"])


def test_training_lowers_the_error(task, graph):
    recipe = short_recipe(epochs=8, steps_per_epoch=20)
    making = making_of(task, graph, recipe=recipe, form="gru", hidden=8)
    origins = task.origins(task.splits.validation)[:40]
    truth, observed = task.truth(origins)

    def error(network):
        forecast = making.of(network.eval()).forecast(origins)
        return float((abs(forecast - truth)[observed] ** 2).mean())

    torch.manual_seed(making.spec.seed)
    untrained = METHOD.skeleton(making.untrained_here(), SETTINGS)
    assert error(METHOD.make_from(making, SETTINGS)) < 0.7 * error(untrained)


def test_a_rank_that_saves_nothing_is_refused(task, graph):
    with pytest.raises(Fault, match="rank 12 makes no layer of STGNN smaller"):
        METHOD.skeleton(random_network(task, graph), SETTINGS.model_copy(update={"rank": 12}))
