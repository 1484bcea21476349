"""The importance of weights, against a computation that can be read here."""

import numpy as np
import pytest
import torch
from torch import nn

from model_blocks import model_block
from small_study import graph_of, small_panel, task_of
from wattshed.adaptation.fisher import fisher
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.batches.drawing import Batch, Examples
from wattshed.training.batches.making import make_sampler
from wattshed.training.spec import ModelSpec, make_forecaster

CPU = torch.device("cpu")
COMMON = {"batch": 16, "epochs": 1, "learning_rate": 5e-3, "schedule": "cosine", "scaling": "node"}
RECIPES = {
    "pairs": RecipeBlock(sampling="pairs", **COMMON),
    "windows": RecipeBlock(sampling="windows", **COMMON),
    "sequences": RecipeBlock(sampling="sequences", sequence_h=30, burn_in_h=6, **COMMON),
}


@pytest.fixture(scope="module")
def task():
    return task_of(small_panel(hours=24 * 60, missing_share=0.2))


def made(task, sampling, form="stgnn", engine="torch"):
    torch.manual_seed(0)
    spec = ModelSpec("model", 1, model_block(form, hidden=4), RECIPES[sampling], task.windows)
    forecaster = make_forecaster(spec, task, graph_of(task), CPU, engine)
    sampler = make_sampler(spec.recipe, task, forecaster.series)
    origins = torch.from_numpy(task.origins(task.splits.train))
    return forecaster.network, sampler, sampler.draw(13, origins, torch.Generator().manual_seed(2))


def brute(network, sampler, examples):
    """Fisher's diagonal by its definition for independent cells; Huber's delta is 1.

    By backward: the gradient of an example's log-likelihood is that of the sum over its cells. Its squares are added,
    and divided by the number of all cells.
    """
    squares, loss, cells = [torch.zeros_like(weight) for weight in network.parameters()], 0.0, 0
    for place in range(len(examples)):
        batch = sampler.batch(examples[torch.tensor([place])])
        first = batch.inputs[0]
        sequences = hasattr(first, "burn_in_steps")
        forecast = network.forward_sequence(first) if sequences else network(*batch.inputs)
        error = (forecast - batch.target)[batch.observed]
        summed = torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5).sum()
        network.zero_grad()
        summed.backward()
        for square, weight in zip(squares, network.parameters(), strict=True):
            square += 0 if weight.grad is None else weight.grad**2
        loss += summed.item()
        cells += len(error)
    return [square / cells for square in squares], loss / cells


class Line(nn.Module):
    """forecast = features @ weight."""

    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))

    def forward(self, features):
        return features @ self.weight


class Known:
    """Examples of known cells: features [E, n, P], targets and mask [E, n]."""

    def __init__(self, features, target, observed):
        self.features, self.target, self.observed = features, target, observed

    def batch(self, examples):
        rows = examples.hours
        return Batch((self.features[rows],), self.target[rows], self.observed[rows], len(rows))


@pytest.mark.parametrize("observed_share", [1.0, 0.5])
@pytest.mark.parametrize("cells", [1, 6, 102])
def test_the_rise_of_the_loss_is_a_quarter_of_f_over_l_whatever_the_cells_of_an_example(
    cells, observed_share
):
    """The claim of ``ewc``: hold 1 costs what the mean loss rises. Errors are Gaussian and independent."""
    draws = torch.Generator().manual_seed(cells)
    features = 0.1 + torch.randn(600, cells, 5, generator=draws)
    noise = 0.3 * torch.randn(600, cells, generator=draws)
    observed = torch.rand(600, cells, generator=draws) < observed_share
    network, sampler = Line(5), Known(features, noise, observed)
    found = fisher(network, sampler, Examples(torch.arange(600)), "squared")
    ratios = []
    for _ in range(50):
        move = 0.05 * torch.randn(5, generator=draws)
        rise = float((features @ move)[observed].square().mean())
        penalty = float((found.squares[0] * move.square()).sum()) / (4 * found.loss)
        ratios.append(rise / penalty)
    assert 0.7 < np.median(ratios) < 1.4
    assert min(ratios) > 0.5
    assert max(ratios) < 2


@pytest.mark.parametrize("sampling", ["pairs", "sequences"])
def test_it_equals_a_loop_over_single_examples(task, sampling):
    network, sampler, examples = made(task, sampling)
    found = fisher(network, sampler, examples, "huber")
    squares, loss = brute(network, sampler, examples)
    for one, other in zip(found.squares, squares, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-10)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert sum(float(square.sum()) for square in found.squares) > 0


def test_the_kernel_gives_the_same(task):
    plain, kernel = (fisher(*made(task, "pairs", engine=engine), "huber") for engine in ("torch", "auto"))
    for one, other in zip(kernel.squares, plain.squares, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-8)


def test_windows_of_all_nodes_are_examples_too(task):
    network, sampler, examples = made(task, "windows", "stgnn_reference")
    squares, _ = brute(network.eval(), sampler, examples)
    for one, other in zip(fisher(network, sampler, examples, "huber").squares, squares, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-9)


def test_the_gradient_of_a_batch_understates_it(task):
    """The study's own snippet squares the mean gradient of a batch."""
    network, sampler, examples = made(task, "pairs")
    batch = sampler.batch(examples)
    error = (network(*batch.inputs) - batch.target)[batch.observed]
    loss = torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5).mean()
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
    mean_first = sum(float(one.square().sum()) for one in gradients if one is not None)
    found = fisher(network, sampler, examples, "huber")
    assert mean_first < 0.5 * sum(float(square.sum()) for square in found.squares)


def test_examples_that_nobody_observed_do_not_count(task):
    panel = task.panel
    observed = panel.observed.copy()
    observed[: task.splits.train.stop, 0] = False
    blind = Panel(panel.values, observed, panel.times, panel.nodes, "kWh", "UTC", "test")
    network, sampler, examples = made(ForecastTask(blind, task.splits, task.windows), "pairs")
    seen = Examples(examples.hours[examples.nodes > 0], examples.nodes[examples.nodes > 0])
    assert 0 < len(seen) < len(examples)
    both = [fisher(network, sampler, some, "huber") for some in (examples, seen)]
    assert both[0].loss == both[1].loss
    for one, other in zip(both[0].squares, both[1].squares, strict=True):
        assert torch.equal(one, other)
