"""Kernels of random sizes compute what their operations say."""

from random import Random

import pytest
import torch

from wattshed.calibration.drawing import MOST_VALUES, Speed
from wattshed.calibration.house_kernels import house_kernels
from wattshed.calibration.kernels import TORCH_KERNELS
from wattshed.calibration.synthetic import World, random_adjacency
from wattshed.calibration.torch_counts import torch_flops
from wattshed.law.operations.operation import Direction
from wattshed.law.operations.training import backward

SPEED = Speed(1e10, 5e9)
# Sizes of about this many seconds: small ones.
TARGET_S = 2e-5
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def world():
    return World.make(0, nodes=6, hours=24 * 7 * 5)


@pytest.fixture(scope="module")
def draws(world):
    # Without a compiled kernel, torch computes.
    return {**TORCH_KERNELS, **house_kernels(world, ())}


NAMES = (*TORCH_KERNELS, "targets", "histories", "graph_aggregation", "sums", "solution")


@pytest.mark.parametrize("name", NAMES)
def test_a_kernel_runs_in_all_its_directions(draws, name):
    random = Random(name)
    for _ in range(3):
        case = draws[name](random, SPEED, TARGET_S)
        assert case.kernel == name
        work = case.build(CPU)
        made = work.forward()
        behind = [backward(one) for one in case.operations]
        # What has a backward pass by formula is timed in it, and nothing else.
        assert (work.backward is not None) == all(one is not None for one in behind)
        if work.backward is not None:
            assert all(gradient is not None for gradient in work.backward(made))
        directions = {one.direction for one in case.operations}
        assert directions <= {Direction.FORWARD, Direction.UPDATE}
        assert len(directions) == 1


class Called(torch.nn.Module):
    def __init__(self, work):
        super().__init__()
        self.work = work

    def forward(self):
        return self.work.forward()


@pytest.mark.parametrize("name", ["linear", "scores", "attention_output", "convolution", "lstm", "gru"])
def test_products_are_as_many_as_torch_counts(draws, name):
    case = draws[name](Random(name), SPEED, TARGET_S)
    # Values one by one are not counted by torch.
    products = sum(one.flops for one in case.operations if not one.kind.endswith("elementwise"))
    assert torch_flops(Called(case.build(CPU)))["total"] == products


@pytest.mark.parametrize("name", NAMES)
def test_sizes_grow_with_the_target_and_stay_in_memory(draws, name):
    def median_flops(target_s):
        random = Random(1)
        drawn = [draws[name](random, SPEED, target_s) for _ in range(25)]
        return sorted(sum(one.flops for one in case.operations) for case in drawn)[12]

    # Recurrent layers take up to a millisecond whatever the target.
    assert median_flops(3e-2) > 1.5 * median_flops(1e-5)
    huge = draws[name](Random(2), SPEED, 1e6)
    assert max(one.bytes_moved for one in huge.operations) < 200 * MOST_VALUES


def test_the_same_seed_draws_the_same_sizes(draws):
    for name in NAMES:
        first, second = (draws[name](Random(5), SPEED, TARGET_S) for _ in range(2))
        assert first.operations == second.operations
        assert first.group == second.group


def test_a_random_graph_is_symmetric_with_self_loops():
    adjacency = random_adjacency(30, 4, 1)
    assert abs(adjacency - adjacency.T).max() < 1e-6
    assert (adjacency.diagonal() > 0).all()
    assert adjacency.nnz > 30
