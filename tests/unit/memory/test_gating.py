"""Gates that skip residual blocks for some examples."""

import copy

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from layered_networks import WINDOWS
from made_pairs import random_pairs
from model_blocks import untrained
from wattshed.foundation.faults import Fault
from wattshed.memory.executed import executed_shares, forget_executed
from wattshed.memory.gated import Gated, gates_of, insert_gates
from wattshed.memory.mechanisms.gating import MECHANISM, GatingBlock

PAIRS = random_pairs(40)


def gated(seed=1, **keys):
    network = untrained(WINDOWS, 40, seed=seed, form="transformer", width=8, heads=2, layers=3)
    return MECHANISM.apply(network, GatingBlock(kind="gating", **keys), seed)


def trained_a_little(**keys):
    network = gated(**keys).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    settings = GatingBlock(kind="gating", **keys)
    for _ in range(60):
        loss = network(PAIRS).square().mean() + MECHANISM.penalty(network, settings)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


def test_a_gate_has_gradients_from_the_loss_and_from_the_budget():
    network = gated().train()
    network(PAIRS).square().mean().backward()
    assert all(gate.score.weight.grad.abs().max() > 0 for gate in gates_of(network).values())
    network.zero_grad()
    network(PAIRS)
    penalty = MECHANISM.penalty(network, GatingBlock(kind="gating"))
    penalty.backward()
    assert all(gate.score.bias.grad.abs().max() > 0 for gate in gates_of(network).values())
    assert MECHANISM.penalty(network, GatingBlock(kind="gating")) is None


def test_training_reaches_the_budget_and_decisions_differ_between_examples():
    network = trained_a_little(skip_share=0.4, budget_weight=5.0)
    forget_executed(network)
    with torch.no_grad():
        network(PAIRS)
    shares = executed_shares(network)
    assert shares["executed_share"] == pytest.approx(0.6, abs=0.15)
    assert {f"executed_share_blocks.{number}" for number in range(3)} <= set(shares)
    assert all(0 < shares[f"executed_share_blocks.{number}"] < 1 for number in range(3))


def test_a_gate_learns_to_execute_the_block_where_it_helps():
    """Examples of a large spread need the block, which doubles; the others are right as they are."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(4)

        def forward(self, values):
            return 2 * values

    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def forward(self, values):
            return self.block(values)

    torch.manual_seed(0)
    needs = torch.arange(200) % 2 == 0
    values = torch.randn(200, 6, 4)
    values[:, :, 0] += torch.where(needs, 2.0, -2.0)[:, None]
    target = torch.where(needs[:, None, None], 2 * values, values)
    network = Holder()
    insert_gates(network, ("block",), 1, skip_share=0.5)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(80):
        loss = (network(values) - target).square().mean() + network.block.gate.budget_penalty()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    executed = network.eval().block.gate.executes(values)
    assert (executed == needs).float().mean() > 0.95


def test_skipped_rows_give_what_masked_rows_give():
    network = gated(seed=3).eval()
    for gate in gates_of(network).values():
        gate.threshold.copy_(torch.tensor(0.0))
    masked = copy.deepcopy(network)
    for gate in gates_of(masked).values():
        gate.skips_rows = False
    with torch.no_grad():
        torch.testing.assert_close(network(PAIRS), masked(PAIRS), rtol=1e-5, atol=1e-6)
    shares = [done / every for done, every in (g.executed["evaluation"] for g in gates_of(network).values())]
    assert any(0 < share < 1 for share in shares)


def test_a_skipped_block_is_not_computed_and_a_decision_does_not_depend_on_the_batch():
    network = trained_a_little(skip_share=0.5)
    gate, block = network.blocks[0].gate, network.blocks[0]
    rows = []
    block.widen.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    values = torch.randn(20, 12, 8)
    with torch.no_grad():
        every = block(values)
        executed = gate.executes(values)
        alone = torch.cat([block(values[row : row + 1]) for row in range(20)])
    assert rows[0] == int(executed.sum()) < 20
    assert len(rows) == 1 + int(executed.sum())
    torch.testing.assert_close(alone, every, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("decisions", "share"), [("always", 1.0), ("never", 0.0), ("random", 0.7)])
def test_controls(decisions, share):
    network = gated(decisions=decisions).eval()
    plain = untrained(WINDOWS, 40, seed=1, form="transformer", width=8, heads=2, layers=3).eval()
    many = random_pairs(400)
    with torch.no_grad():
        first = network(many)
        found = executed_shares(network)["executed_share"]
        assert torch.equal(network(many), first)
        if decisions == "always":
            assert torch.equal(first, plain(many))
    assert found == pytest.approx(share, abs=0.1 if decisions == "random" else 0)
    assert MECHANISM.penalty(network.train(), GatingBlock(kind="gating")) is None


def test_warm_up_executes_all_blocks_and_a_checkpoint_keeps_the_threshold():
    network, plain = gated(warm_up_steps=2).train(), gated(decisions="always").train()
    with torch.no_grad():
        expected = plain(PAIRS)
        torch.testing.assert_close(network(PAIRS), expected)
        torch.testing.assert_close(network(PAIRS), expected)
        assert not torch.allclose(network(PAIRS), expected)
    loaded = gated(seed=5)
    loaded.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert torch.equal(loaded.eval()(PAIRS), network.eval()(PAIRS))


def test_fake_tensors_take_the_expected_rows_and_leave_no_counts():
    with FakeTensorMode() as mode:
        gate = Gated(4, skip_share=0.25)
        values = torch.empty(8, 5, 4)
        rows = []

        def block(chosen):
            rows.append(len(chosen))
            return chosen + 1

        assert gate.eval()(values, block, ()).shape == (8, 5, 4)
        assert gate.train()(values, block, ()).shape == (8, 5, 4)
        assert isinstance(mode.from_tensor(torch.zeros(1)), torch.Tensor)
    assert rows == [6, 8]
    assert not gate.executed


def test_scores_stay_finite_and_float32_under_bf16():
    gate = Gated(4, skip_share=0.3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for size in (0.0, 1e4, 1e18):
            scores = gate.scores(torch.full((3, 5, 4), size, dtype=torch.bfloat16))
            assert scores.dtype == torch.float32
            assert scores.isfinite().all()


@pytest.mark.parametrize(
    ("key", "value"), [("skip_share", 0), ("skip_share", 1), ("skip_share", 1.2), ("temperature", 0)]
)
def test_settings_without_sense_are_refused(key, value):
    with pytest.raises(ValueError, match=key):
        GatingBlock(kind="gating", **{key: value})


def test_a_network_without_blocks_is_refused():
    with pytest.raises(Fault, match="finds no residual block"):
        MECHANISM.apply(untrained(WINDOWS, 9, form="gru", hidden=4), GatingBlock(kind="gating"), 1)
