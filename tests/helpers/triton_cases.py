"""The fused GPU kernels against the formulas in float64, on random shapes.

Run as a program with TRITON_INTERPRET=1 it judges every case on the CPU and prints the errors as JSON.
"""

import json
from dataclasses import dataclass

import torch
from torch import Tensor

from wattshed.engine.gpu.fused_cuda import Dropout, Weights, differentiable_loss, forecast, loss_and_gradients


@dataclass(frozen=True)
class Case:
    """Sizes of a random problem; slots = 0: without a calendar; lift = 0: as wide as the hidden state."""

    samples: int
    look_back: int
    hidden: int
    horizon: int
    slots: int = 0
    drops: bool = False
    loss: str = "huber"
    lift: int = 0

    @property
    def channels(self) -> int:
        return self.lift or self.hidden


CASES = {
    "the study's shapes": Case(100, 24, 16, 6),
    "one sample, one hour": Case(1, 1, 16, 1),
    "smallest, padded": Case(37, 5, 8, 3, slots=5),
    "largest": Case(40, 4, 64, 20, slots=168),
    "no power of two": Case(70, 6, 24, 17, slots=24, loss="squared"),
    "dropout": Case(130, 7, 16, 6, drops=True),
    "dropout, calendar": Case(80, 9, 32, 4, slots=3, drops=True, loss="squared"),
    "dropout, padded": Case(20, 3, 11, 2, slots=7, drops=True),
    "channels and units removed": Case(50, 6, 7, 6, slots=5, lift=5),
    "channels removed": Case(40, 5, 24, 3, lift=9, loss="squared"),
    "units removed": Case(35, 4, 9, 4, slots=168, lift=33),
    "one channel, dropout": Case(33, 5, 16, 2, slots=4, drops=True, lift=1),
    "wide lift, one unit, dropout": Case(20, 3, 1, 2, drops=True, lift=64),
}
DROPOUT = Dropout(seed=0xDEADBEEF, u=0.3, h=0.5, y=0.1)


@dataclass(frozen=True)
class Problem:
    case: Case
    inputs: tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None, int]
    weights: Weights
    target: Tensor
    mask: Tensor
    dropout: Dropout

    def kernel_forecast(self) -> Tensor:
        return forecast(*self.inputs, self.weights, self.dropout)

    def kernel_gradients(self) -> tuple[Tensor, Weights]:
        return loss_and_gradients(
            *self.inputs, self.weights, self.target, self.mask, self.case.loss, self.dropout
        )


def make_problem(case: Case, device: str, seed: int = 0) -> Problem:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(*shape, generator=generator) * scale).to(device)

    nodes, hours = 7, case.look_back + 40
    node = torch.randint(nodes, (case.samples,), generator=generator)
    origin = torch.randint(case.look_back, hours + 1, (case.samples,), generator=generator)
    slot = torch.randint(max(1, case.slots), (hours,), generator=generator, dtype=torch.int32)
    channels, size, outs = case.channels, case.hidden, case.horizon
    scale = size**-0.5
    weights = Weights(
        w_own=draw(channels),
        w_agg=draw(channels),
        base=draw(case.samples, channels),
        calendar=draw(case.slots, channels) if case.slots else None,
        weight_ih=draw(3 * size, channels, scale=channels**-0.5),
        weight_hh=draw(3 * size, size, scale=scale),
        bias_ih=draw(3 * size, scale=0.3),
        bias_hh=draw(3 * size, scale=0.3),
        w_out=draw(outs, size, scale=scale),
        b_out=draw(outs),
    )
    target, mask = draw(case.samples, outs, scale=2), draw(case.samples, outs) > -0.5
    # What nobody observed must not matter, whatever it holds.
    target[~mask] = float("nan")
    series = (draw(nodes, hours), draw(nodes, hours), node.to(device), origin.to(device))
    inputs = (*series, slot.to(device) if case.slots else None, case.look_back)
    return Problem(case, inputs, weights, target, mask, DROPOUT if case.drops else Dropout())


def factors(counter: Tensor, dropout: Dropout, place: int) -> Tensor:
    """Dropout's factors by the definition, in 64-bit integers."""
    bits = 0xFFFFFFFF
    share = dropout[1 + place]
    x = ((counter * 0x85EBCA6B) & bits) ^ ((dropout.seed ^ ((place + 1) * 0x9E3779B9)) & bits)
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & bits
    x = ((x ^ (x >> 15)) * 0x846CA68B) & bits
    x = x ^ (x >> 16)
    return (x >= int(share * 2**32)).double() / (1 - share)


def oracle_forecast(problem: Problem, weights: Weights) -> Tensor:
    """The formulas of ``fused_cuda``, in the weights' precision, one hour after the other."""
    own, aggregate, node, origin, slot, look_back = problem.inputs
    channels, size, outs = problem.case.channels, problem.case.hidden, problem.case.horizon
    sample = torch.arange(problem.case.samples, device=own.device)[:, None]
    channel, unit, out = (torch.arange(count, device=own.device) for count in (channels, size, outs))
    h = weights.base.new_zeros(problem.case.samples, size)
    for step in range(look_back):
        hour = origin - look_back + step
        x, a = own[node, hour].to(h.dtype)[:, None], aggregate[node, hour].to(h.dtype)[:, None]
        u = x * weights.w_own + a * weights.w_agg + weights.base
        if weights.calendar is not None:
            u = u + weights.calendar[slot[hour].long()]
        u = torch.relu(u) * factors((sample * look_back + step) * channels + channel, problem.dropout, 0)
        inputs = u @ weights.weight_ih.T + weights.bias_ih
        hidden = h @ weights.weight_hh.T + weights.bias_hh
        (ir, iz, ig), (hr, hz, hg) = inputs.chunk(3, 1), hidden.chunk(3, 1)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        h = (1 - z) * torch.tanh(ig + r * hg) + z * h
    h = h * factors(sample * size + unit, problem.dropout, 1)
    return (h @ weights.w_out.T + weights.b_out) * factors(sample * outs + out, problem.dropout, 2)


def oracle_gradients(problem: Problem) -> tuple[Tensor, Tensor, Weights]:
    """Forecast, loss and gradients in float64."""
    weights = Weights(*(None if part is None else part.double().requires_grad_() for part in problem.weights))
    found = oracle_forecast(problem, weights)
    error = (found - problem.target.double())[problem.mask]
    if problem.case.loss == "huber":
        cells = torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5)
    else:
        cells = error**2
    loss = cells.sum() / problem.mask.sum().clamp(min=1)
    loss.backward()
    return found.detach(), loss.detach(), Weights(*(None if part is None else part.grad for part in weights))


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.double() - expected).norm() / expected.norm().clamp(min=1e-12))


def errors_of(case: Case, device: str) -> dict[str, float]:
    """Relative errors of forecast, loss and gradients; whether a second call and autograd give the same bytes."""
    problem = make_problem(case, device)
    expected, expected_loss, expected_gradients = oracle_gradients(problem)
    found = problem.kernel_forecast()
    loss, gradients = problem.kernel_gradients()
    again, same_gradients = problem.kernel_gradients()
    errors = {
        "forecast": float((found.double() - expected).abs().max() / expected.abs().max()),
        "loss": float(abs(loss.double() - expected_loss) / expected_loss.clamp(min=1e-12)),
        "repeatable": float(torch.equal(loss, again)),
    }
    for name, part, same, wanted in zip(
        Weights._fields, gradients, same_gradients, expected_gradients, strict=True
    ):
        if part is not None:
            errors[name] = relative(part, wanted)
            errors["repeatable"] *= torch.equal(part, same)
    leaves = Weights(*(None if part is None else part.clone().requires_grad_() for part in problem.weights))
    (
        2
        * differentiable_loss(
            *problem.inputs, leaves, problem.target, problem.mask, case.loss, problem.dropout
        )
    ).backward()
    pairs = zip(leaves, gradients, strict=True)
    errors["autograd"] = float(
        all(torch.equal(leaf.grad, 2 * part) for leaf, part in pairs if leaf is not None)
    )
    return errors


if __name__ == "__main__":
    print(json.dumps({name: errors_of(case, "cpu") for name, case in CASES.items()}))
