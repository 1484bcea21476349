"""One gradient step: accumulation, precision and scaling of the loss."""

import copy

import pytest
import torch

from model_blocks import model_block
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, PermutedBatches, RandomBatches, grouped
from wattshed.training.batches.samplers import PairSampler, WindowSampler
from wattshed.training.spec import ModelSpec, make_forecaster
from wattshed.training.step.gradient import gradient_step
from wattshed.training.step.precision import Precision

CPU = torch.device("cpu")
# The reference alone has dropout, which would blur the comparison.
DROPOUTS = {"stgnn_reference": {"dropout": 0.0}}
RECIPE = RecipeBlock(
    sampling="pairs",
    batch=8,
    epochs=1,
    learning_rate=1e-2,
    schedule="plateau",
    scaling="node",
)
PLAIN = Precision()


@pytest.fixture
def forecaster(gappy_task, graph):
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    made_by = ModelSpec("model", 1, model_block(form="stgnn"), RECIPE, windows)
    # Torch: some tests reach into its graph, which a kernel has not.
    return make_forecaster(made_by, gappy_task, graph, CPU, "torch")


@pytest.fixture
def batches(forecaster, gappy_task):
    origins = gappy_task.origins(gappy_task.splits.train)
    sampler = PairSampler(forecaster.series, gappy_task.panel.observed, 3)
    made = RandomBatches(sampler, origins, seed=1, batch=8, steps=7)
    return list(made.epoch(1))


def after(network, groups, precision=PLAIN, loss="squared", clip_norm=1e9):
    """Weights of a copy after plain gradient descent on the groups, and the losses."""
    copied = copy.deepcopy(network, {id(buffer): buffer for buffer in network.buffers()})
    optimiser = torch.optim.SGD(copied.parameters(), lr=0.1)
    losses = [gradient_step(copied, group, optimiser, loss, clip_norm, precision) for group in groups]
    return weights_of(copied), torch.stack(losses)


def weights_of(network):
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def joined(batches):
    nodes, origins, target, observed = (
        torch.cat([getattr(batch, key) for batch in batches])
        for key in ("nodes", "origins", "target", "observed")
    )
    pairs = batches[0].inputs[0].series.pairs(nodes, origins)
    return Batch((pairs,), target, observed, sum(batch.pairs for batch in batches))


def test_accumulated_batches_are_one_batch_even_where_less_of_one_was_observed(forecaster, batches):
    batches[1].observed[2:] = False
    batches[2].observed[:] = False
    whole, loss = after(forecaster.network, [[joined(batches)]])
    split, split_loss = after(forecaster.network, [batches])
    torch.testing.assert_close(split, whole, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(split_loss, loss)
    # The mean of the batches' means is something else.
    means = torch.stack([after(forecaster.network, [[batch]])[1] for batch in batches]).mean()
    assert abs(float(means - loss)) > 1e-3


def test_nothing_observed_moves_nothing(forecaster, batches):
    for batch in batches:
        batch.observed[:] = False
    weights, losses = after(forecaster.network, [batches])
    assert torch.equal(weights, weights_of(forecaster.network))
    assert float(losses) == 0


def test_every_batch_is_in_one_group_and_the_last_takes_what_is_left(batches):
    groups = list(grouped(iter(batches), 3))
    assert [len(group) for group in groups] == [3, 3, 1]
    assert [id(batch) for group in groups for batch in group] == [id(batch) for batch in batches]


def test_no_clipping_is_a_limit_that_is_never_reached(forecaster, batches):
    free, _ = after(forecaster.network, [batches], clip_norm=None)
    limited, _ = after(forecaster.network, [batches], clip_norm=1e9)
    clipped, _ = after(forecaster.network, [batches], clip_norm=1e-3)
    assert torch.equal(free, limited)
    assert not torch.equal(free, clipped)


def test_hooks_add_a_penalty_and_change_gradients_before_they_are_clipped(forecaster, batches):
    network = forecaster.network

    class Hooks:
        def penalty(self, batch):
            return sum(weight.square().sum() for weight in network.parameters())

        def project(self, gradients):
            seen.append([gradient.clone() for gradient in gradients])
            for gradient in gradients:
                gradient.mul_(1e6)

    seen = []
    optimiser = torch.optim.SGD(network.parameters(), lr=1.0)
    before = weights_of(network)
    plain = gradient_step(
        network, batches[:1], torch.optim.SGD(network.parameters(), lr=0.0), "squared", 1.0, PLAIN
    )
    without = torch.cat([weight.grad.flatten() for weight in network.parameters()])
    loss = gradient_step(network, batches[:1], optimiser, "squared", 0.5, PLAIN, Hooks())
    torch.testing.assert_close(loss, plain + before.square().sum())
    assert len(seen[0]) == len(list(network.parameters()))
    assert not torch.equal(torch.cat([gradient.flatten() for gradient in seen[0]]), without)
    assert float((weights_of(network) - before).norm()) == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("form", ["stgnn", "gru", "lstm", "transformer", "dlinear", "stgnn_reference"])
def test_bf16_rounds_and_leaves_weights_and_gradients_in_fp32(form, gappy_task, graph):
    windows = WindowsBlock(look_back_h=12, horizon_h=3)
    made_by = ModelSpec("model", 1, model_block(form=form, **DROPOUTS.get(form, {})), RECIPE, windows)
    forecaster = make_forecaster(made_by, gappy_task, graph, CPU)
    origins, observed = gappy_task.origins(gappy_task.splits.train), gappy_task.panel.observed
    if form == "stgnn_reference":
        made = PermutedBatches(WindowSampler(forecaster.series, observed, 3), origins, 1, 2, 3)
    else:
        made = RandomBatches(PairSampler(forecaster.series, observed, 3), origins, 1, 8, 3)
    groups = [[batch] for batch in made.epoch(1)]
    plain, losses = after(forecaster.network, groups)
    rounded, rounded_losses = after(forecaster.network, groups, Precision.of("bf16", CPU))
    assert rounded.dtype == torch.float32
    assert not torch.equal(rounded, plain)
    torch.testing.assert_close(rounded, plain, rtol=0.1, atol=0.02)
    torch.testing.assert_close(rounded_losses, losses, rtol=0.05, atol=0)


def test_fp16_is_refused_on_a_cpu():
    with pytest.raises(Fault, match=r"precision is fp16, but the device is cpu: .* take bf16 or fp32"):
        Precision.of("fp16", CPU)


def test_bf16_is_refused_on_a_gpu_that_only_emulates_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    with pytest.raises(Fault, match="precision is bf16, which Tesla T4 does not compute: expected a GPU of"):
        Precision.of("bf16", torch.device("cuda"))
    assert Precision.of("bf16", CPU).dtype == torch.bfloat16


def test_a_scaled_loss_makes_the_same_step(forecaster, batches):
    """Clipping looks at gradients that are no longer scaled."""
    scaled = Precision("cpu", None, torch.amp.GradScaler("cpu", init_scale=2.0**10))
    plain, losses = after(forecaster.network, [batches[:3], batches[3:]], clip_norm=0.1)
    found, found_losses = after(forecaster.network, [batches[:3], batches[3:]], scaled, clip_norm=0.1)
    torch.testing.assert_close(found, plain, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(found_losses, losses)


def test_a_scaled_step_that_overflows_is_left_out_and_the_scale_comes_down(forecaster, batches):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    for batch in batches:
        batch.target.mul_(1e3)
    weights, losses = after(forecaster.network, [batches], Precision("cpu", None, scaler))
    assert torch.equal(weights, weights_of(forecaster.network))
    assert losses.isfinite().all()
    assert scaler.get_scale() == 2.0**126


def test_a_gradient_that_is_no_number_is_told_at_its_own_step(forecaster, batches):
    """The loss before it is finite: without this the next batch would take the blame."""

    class Kink(torch.autograd.Function):
        @staticmethod
        def forward(context, value):
            return value.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * float("nan")

    network = forecaster.network
    network.output.register_forward_hook(lambda module, inputs, output: Kink.apply(output))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    assert gradient_step(network, batches[:1], optimiser, "squared", 1.0, PLAIN).isnan()
