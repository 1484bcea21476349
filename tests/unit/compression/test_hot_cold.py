"""Units by measured activation: counted on data, removed from the network, their means kept in biases."""

import numpy as np
import pytest
import torch

from made_makings import forecast_of, making_of
from model_blocks import model_block
from wattshed.compression.methods.hot_cold import METHOD, HotColdSettings
from wattshed.compression.methods.prune import METHOD as PRUNE
from wattshed.compression.methods.prune import PruneSettings
from wattshed.compression.methods.removal import by_gates
from wattshed.training.step.gradient import batch_loss

TRANSFORMER = {"form": "transformer", "width": 6, "heads": 2, "layers": 2, "feed_forward": 10}


def variant(**keys):
    return HotColdSettings(method="hot_cold", calibration_pairs=64, **keys)


def silenced(making, units, bias):
    """Feed-forward units that give gelu(bias) whatever they read, others in each block."""
    for block, unit in zip(making.network.blocks, units, strict=True):
        with torch.no_grad():
            block.widen.weight[unit] = 0
            block.widen.bias[unit] = bias
            block.narrow.weight[:, unit] = torch.linspace(-50, 50, 6)
    return making


def test_measured_activation_is_that_of_the_second_layers_input(task, graph):
    making = making_of(task, graph, **TRANSFORMER)
    found = making.network.prunable_units().watched()
    batch = making.calibration(16)
    first = found.network.blocks[0].narrow
    seen = []
    handle = making.network.blocks[0].narrow.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        making.network(*batch.inputs)
    handle.remove()
    with torch.enable_grad():
        batch_loss(found.network.eval(), batch, "squared")
    values = torch.stack(found.values()).detach()
    torch.testing.assert_close(values[:, :, 0], seen[0].transpose(0, 1))
    torch.testing.assert_close(found.means()[0], seen[0].mean(dim=(0, 1)))
    # Hooks are those of the copy.
    assert first._forward_pre_hooks
    assert not any(part._forward_pre_hooks for part in making.network.modules())


def test_dead_units_are_cold_and_go_first_whatever_their_weights(task, graph):
    making = silenced(making_of(task, graph, **TRANSFORMER), (3, 7), -30.0)
    expected = forecast_of(making.network, making)
    smaller = METHOD.make_from(making, variant(keep_share=0.9))
    assert making.notes["cold_share"] == pytest.approx(0.1, abs=0.001)
    assert [block.widen.out_features for block in smaller.blocks] == [9, 9]
    np.testing.assert_allclose(forecast_of(smaller, making), expected, rtol=1e-4, atol=1e-4)
    by_norm = PRUNE.make(making.network, PruneSettings(method="prune", keep_share=0.9))
    assert np.abs(forecast_of(by_norm, making) - expected).max() > 1e-2


def test_a_removed_constant_unit_stays_as_its_mean(task, graph):
    making = silenced(making_of(task, graph, **TRANSFORMER), (1, 4), 1e-3)
    with torch.no_grad():
        for block in making.network.blocks:
            block.narrow.weight *= 20
    expected = forecast_of(making.network, making)
    folded = METHOD.make_from(making, variant(keep_share=0.9))
    np.testing.assert_allclose(forecast_of(folded, making), expected, rtol=1e-3, atol=1e-3)
    bare = METHOD.make_from(making, variant(keep_share=0.9, fold_mean=False))
    lost = np.abs(forecast_of(bare, making) - expected).max()
    assert lost > 10 * np.abs(forecast_of(folded, making) - expected).max()


def test_the_derivative_by_a_gate_on_a_transformers_unit_is_that_of_differences(task, graph):
    making = making_of(task, graph, **{**TRANSFORMER, "feed_forward": 3})
    batch = making.calibration(8)
    watched = making.network.prunable_units().watched()
    with torch.enable_grad():
        loss = batch_loss(watched.network.eval().double(), batch, "squared")
        found = by_gates(loss, watched, None).sum(dim=0)
    network, width = making.network.double(), 1e-2
    for place, block in enumerate(network.blocks):
        for unit in range(3):
            kept, sides = block.narrow.weight[:, unit].clone(), []
            for change in (width, -width):
                with torch.no_grad():
                    block.narrow.weight[:, unit] = kept * (1 + change)
                    sides.append(float(batch_loss(network, batch, "squared")))
                    block.narrow.weight[:, unit] = kept
            assert float(found[place, unit]) == pytest.approx(
                (sides[0] - sides[1]) / (2 * width), rel=2e-2, abs=1e-4
            )


@pytest.mark.parametrize("importance", ["mean_size", "active_share"])
def test_it_works_on_recurrent_units_too(importance, task, graph):
    making = making_of(task, graph, form="gru")
    assert METHOD.make_from(making, variant(importance=importance, keep_share=0.5)).gru.hidden_size == 4
    assert 0 <= making.notes["cold_share"] <= 1


def test_a_share_that_removes_nothing_is_refused_when_read():
    with pytest.raises(ValueError, match="keeps 4 of 4 units"):
        METHOD.check(variant(keep_share=0.95), model_block("transformer", width=4, feed_forward=4), [])
    with pytest.raises(ValueError, match="no channels"):
        METHOD.check(variant(what="channels"), model_block("transformer"), [])
