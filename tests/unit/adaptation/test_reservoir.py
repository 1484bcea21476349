import numpy as np
import pytest
import torch

from wattshed.adaptation.reservoir import Reservoir
from wattshed.training.batches.drawing import Examples


class ManyPairs:
    """Draws pairs of three nodes, without a series."""

    pairs_each = 1

    def pairs(self, origins):
        return 3 * len(origins)

    def draw(self, count, origins, generator):
        nodes = torch.randint(3, (count,), generator=generator)
        return Examples(origins[torch.randint(len(origins), (count,), generator=generator)], nodes)


class ManyWindows(ManyPairs):
    """Draws windows of all nodes, without a series."""

    pairs_each = 3

    def draw(self, count, origins, generator):
        return Examples(origins[torch.randint(len(origins), (count,), generator=generator)])


@pytest.mark.parametrize("sampler", [ManyPairs(), ManyWindows()])
def test_the_reservoir_is_a_uniform_sample_of_all_hours_learned(sampler):
    memory = Reservoir(20_000, sampler, torch.arange(0, 1000), torch.Generator().manual_seed(0))
    memory.add(torch.arange(1000, 1500))
    memory.add(torch.arange(1500, 2000))
    hours = memory.examples.hours.numpy()
    counts = np.histogram(hours, bins=[0, 1000, 1500, 2000])[0] / 20_000
    np.testing.assert_allclose(counts, [0.5, 0.25, 0.25], atol=0.015)
    drawn = memory.sample(5_000)
    assert set(drawn.hours.tolist()) <= set(hours.tolist())
    if sampler.pairs_each == 1:
        np.testing.assert_allclose(
            np.bincount(memory.examples.nodes.numpy()) / 20_000, [1 / 3] * 3, atol=0.015
        )
    else:
        assert drawn.nodes is None
