"""The fused model on a GPU: forecasts, and the loss with all of its gradients, from one Triton kernel each.

A sample m = (node, origin), with look-back W, lift of L channels, hidden size D and horizon H, is computed as:

    u[t] = relu(w_own * own[node, o-W+t] + w_agg * aggregate[node, o-W+t] + base[m] + calendar[slot[o-W+t]])
    forecast = w_out h_W + b_out, with h of a GRU (gates r, z, n as in torch.nn.GRU) over u from h_0 = 0

Everything is float32, products included. The same call gives the same bytes.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from wattshed.foundation.faults import Fault

# Of hidden units, and of the lift's channels. Each is padded to 16, 32 or 64 (what a block product takes), so only
# removing down to the next of these saves work on the products.
SIZES = range(1, 65)
# Fixed, so that sums are split in the same way on every GPU: four programs for each of an H200's 132 processors.
PROGRAMS = 528
# Samples of a program at a time, with a warp for four hidden units: of the sizes that were compiled for sm_90, these
# spill least out of registers (0.2 to 3 KiB; 64 samples: 0.3 to 50 KiB).
BLOCK = 32
# Largest memory for the programs' states and calendar tables.
SCRATCH_BYTES = 256 * 2**20
# "tf32x3" would use tensor cores, but it loses a digit of precision.
PRECISION = "ieee"


class Weights(NamedTuple):
    """All learned weights, or their gradients.

    w_own, w_agg: [L]; base: [M, L], of each sample; calendar: [S, L] or None; weight_ih: [3D, L]; weight_hh: [3D, D];
    bias_ih, bias_hh: [3D]; w_out: [H, D]; b_out: [H]. float32, contiguous.
    """

    w_own: Tensor
    w_agg: Tensor
    base: Tensor
    calendar: Tensor | None
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor
    w_out: Tensor
    b_out: Tensor


class Dropout(NamedTuple):
    """Dropout shares of u, of h_W and of the forecast; which cells are dropped depends only on ``seed``."""

    seed: int = 0
    u: float = 0.0
    h: float = 0.0
    y: float = 0.0


NO_DROPOUT = Dropout()


def available() -> str | None:
    """None if the kernels can run, else the reason why they cannot."""
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    if not torch.cuda.is_available() and not _interpreted():
        return "torch finds no GPU"
    return None


def forecast(
    own: Tensor,
    aggregate: Tensor,
    node: Tensor,
    origin: Tensor,
    slot: Tensor | None,
    look_back_steps: int,
    weights: Weights,
    dropout: Dropout = NO_DROPOUT,
) -> Tensor:
    """Forecasts [M, H], scaled as the series are.

    own, aggregate: scaled series, float32 [N, T]; node, origin: int64 [M], each with look_back_steps <= origin <= T
    (not checked: that would wait for the GPU); slot: row of the calendar of each hour, int32 [T], given if and only if
    weights.calendar is. All contiguous, on one GPU. Raises :class:`Fault` if the kernels cannot run or a shape does
    not fit.
    """
    launch = _Launch.of(own, aggregate, node, origin, slot, look_back_steps, weights, dropout)
    result = torch.empty(launch.samples, launch.horizon, device=own.device)
    if launch.samples:
        from wattshed.engine.gpu.triton_gru import forecast_kernel

        with launch.running():
            forecast_kernel[(launch.blocks,)](
                *launch.inputs, result, *launch.numbers, **launch.constants, **launch.options
            )
    return result


def loss_and_gradients(
    own: Tensor,
    aggregate: Tensor,
    node: Tensor,
    origin: Tensor,
    slot: Tensor | None,
    look_back_steps: int,
    weights: Weights,
    target: Tensor,
    mask: Tensor,
    loss: Literal["huber", "squared"] = "huber",
    dropout: Dropout = NO_DROPOUT,
) -> tuple[Tensor, Weights]:
    """Mean loss over observed cells (a scalar) and its gradient with respect to every weight.

    target: float32 [M, H], scaled, with any values in unobserved cells; mask: bool [M, H], True where observed; the
    rest as in :func:`forecast`. Huber's delta is 1. Without an observed cell, loss and gradients are zero.
    """
    launch = _Launch.of(own, aggregate, node, origin, slot, look_back_steps, weights, dropout)
    lift, horizon = launch.lift, launch.horizon
    _check("target", target, (launch.samples, horizon), torch.float32, own.device)
    _check("mask", mask, (launch.samples, horizon), torch.bool, own.device)
    share = mask.sum().clamp(min=1).reciprocal().to(torch.float32).reshape(1)
    shapes = [tuple(weight.shape) for name, weight in weights._asdict().items() if name in SUMMED]
    sizes = [torch.Size(shape).numel() for shape in shapes]
    slots = 1 if weights.calendar is None else len(weights.calendar)
    pad, block = launch.constants["PAD"], launch.constants["BLOCK"]
    kept_bytes = 4 * max(look_back_steps * block * pad, slots * lift)
    programs = max(1, min(PROGRAMS, launch.blocks, SCRATCH_BYTES // kept_bytes))
    new = own.new_empty
    states = new(programs, look_back_steps, block, pad)
    partial = new(programs, sum(sizes) + 1)
    base_gradient = new(launch.samples, lift)
    tables = own.new_zeros(programs if weights.calendar is not None else 1, slots, lift)
    from wattshed.engine.gpu.triton_gru import train_kernel

    with launch.running():
        train_kernel[(programs,)](
            *launch.inputs,
            *(target, mask.view(torch.uint8), share, states, partial, base_gradient, tables),
            *launch.numbers,
            SLOTS=slots,
            SUMS=sum(sizes) + 1,
            HUBER=loss == "huber",
            **launch.constants,
            **launch.options,
        )
    # The programs' sums are added in float64, which costs little.
    *parts, total = partial.sum(dim=0, dtype=torch.float64).to(torch.float32).split([*sizes, 1])
    summed = {name: part.reshape(shape) for name, part, shape in zip(SUMMED, parts, shapes, strict=True)}
    calendar = None if weights.calendar is None else tables.sum(dim=0, dtype=torch.float64).to(torch.float32)
    return total[0], Weights(base=base_gradient, calendar=calendar, **summed)


# In the order in which the kernel writes its sums.
SUMMED = ("w_own", "w_agg", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "w_out", "b_out")


class _Loss(torch.autograd.Function):
    """The loss for torch's autograd: its gradients are computed with it and kept for the backward pass."""

    @staticmethod
    def forward(
        ctx: Any, arguments: tuple[Any, ...], rest: tuple[Any, ...], *weights: Tensor | None
    ) -> Tensor:
        given: list[Any] = [*arguments, Weights(*weights), *rest]  # type: ignore[arg-type]
        loss, gradients = loss_and_gradients(*given)
        ctx.save_for_backward(*gradients)
        return loss

    @staticmethod
    def backward(ctx: Any, *slopes: Any) -> Any:
        return None, None, *(None if part is None else part * slopes[0] for part in ctx.saved_tensors)


def differentiable_loss(
    own: Tensor,
    aggregate: Tensor,
    node: Tensor,
    origin: Tensor,
    slot: Tensor | None,
    look_back_steps: int,
    weights: Weights,
    target: Tensor,
    mask: Tensor,
    loss: Literal["huber", "squared"] = "huber",
    dropout: Dropout = NO_DROPOUT,
) -> Tensor:
    """:func:`loss_and_gradients` for torch's autograd, so that layers that compute the weights get gradients too."""
    arguments = (own, aggregate, node, origin, slot, look_back_steps)
    result: Tensor = _Loss.apply(arguments, (target, mask, loss, dropout), *weights)
    return result


@dataclass(frozen=True)
class _Launch:
    """The checked inputs of both kernels."""

    inputs: tuple[Tensor, ...]
    numbers: tuple[int | float, ...]
    constants: dict[str, Any]
    options: dict[str, int]
    samples: int

    @classmethod
    def of(
        cls,
        own: Tensor,
        aggregate: Tensor,
        node: Tensor,
        origin: Tensor,
        slot: Tensor | None,
        look_back_steps: int,
        weights: Weights,
        dropout: Dropout,
    ) -> "_Launch":
        reason = available()
        if reason is None and own.device.type != "cuda" and not _interpreted():
            reason = f"the series are on {own.device}"
        if reason is not None:
            raise Fault(
                f"the fused GPU kernels cannot run: {reason}: use the torch back end, or a machine "
                "with a GPU and Triton."
            )
        samples = len(node)
        lift, hidden, horizon = len(weights.w_own), weights.weight_hh.shape[-1], len(weights.b_out)
        if lift not in SIZES or hidden not in SIZES or look_back_steps < 1 or horizon < 1:
            raise Fault(
                f"the fused GPU kernels take {SIZES.start} to {SIZES.stop - 1} channels and hidden units, a look-back "
                f"and a horizon of at least 1 step, not {lift}, {hidden}, {look_back_steps} and {horizon}: use the "
                "torch back end."
            )
        if (slot is None) != (weights.calendar is None):
            raise Fault(
                "slot and calendar belong together, but one of them is missing: give both or neither."
            )
        device = own.device
        _check("own", own, (*own.shape,), torch.float32, device)
        _check("aggregate", aggregate, (*own.shape,), torch.float32, device)
        _check("node", node, (samples,), torch.int64, device)
        _check("origin", origin, (samples,), torch.int64, device)
        shapes: dict[str, tuple[int, ...]] = {
            "w_own": (lift,),
            "w_agg": (lift,),
            "base": (samples, lift),
            "weight_ih": (3 * hidden, lift),
            "weight_hh": (3 * hidden, hidden),
            "bias_ih": (3 * hidden,),
            "bias_hh": (3 * hidden,),
            "w_out": (horizon, hidden),
            "b_out": (horizon,),
        }
        for name, shape in shapes.items():
            _check(name, getattr(weights, name), shape, torch.float32, device)
        # A kernel needs a tensor for every argument; it does not read this one.
        calendar = weights.base
        if slot is None:
            slot = origin
        elif weights.calendar is not None:
            calendar = weights.calendar
            _check("slot", slot, (own.shape[1],), torch.int32, device)
            _check("calendar", calendar, (len(calendar), lift), torch.float32, device)
        pad_lift, pad = _padded(lift), _padded(hidden)
        constants = {
            "LOOK_BACK": look_back_steps,
            "LIFT": lift,
            "HIDDEN": hidden,
            "HORIZON": horizon,
            "PAD_LIFT": pad_lift,
            "PAD": pad,
            "PAD_OUT": _padded(horizon),
            "BLOCK": BLOCK,
            "CALENDAR": weights.calendar is not None,
            "DROPOUT": any(dropout[1:]),
            "PRECISION": PRECISION,
        }
        series = (own, aggregate, node, origin, slot)
        lifting = (weights.w_own, weights.w_agg, weights.base, calendar)
        cell = (weights.weight_ih, weights.weight_hh, weights.bias_ih, weights.bias_hh)
        inputs = (*series, *lifting, *cell, weights.w_out, weights.b_out)
        # One stage: no load may be moved ahead of a store that another thread reads.
        options = {"num_warps": max(pad_lift, pad) // 4, "num_stages": 1}
        numbers = (samples, own.shape[1], *_dropout_numbers(dropout))
        return cls(inputs, numbers, constants, options, samples)

    @property
    def lift(self) -> int:
        return int(self.constants["LIFT"])

    @property
    def hidden(self) -> int:
        return int(self.constants["HIDDEN"])

    @property
    def horizon(self) -> int:
        return int(self.constants["HORIZON"])

    @property
    def blocks(self) -> int:
        return -(-self.samples // int(self.constants["BLOCK"]))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around a launch: Triton launches on torch's current device."""
        from triton.runtime.errors import OutOfResources

        device = self.inputs[0].device
        try:
            with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
                yield
        except OutOfResources as error:
            raise Fault(
                f"the fused GPU kernels with {self.lift} channels and {self.hidden} hidden units do not fit {device} "
                f"({error}): use the torch back end, or fewer of them."
            ) from error


def _padded(size: int) -> int:
    return max(16, 1 << (size - 1).bit_length())


def _dropout_numbers(dropout: Dropout) -> tuple[int | float, ...]:
    """Keys, least kept hashes (both as signed 32 bits) and scales of the three places."""
    shares = dropout[1:]
    if not all(0 <= share < 1 for share in shares):
        raise Fault(f"dropout takes shares from 0 to below 1, not {shares}: correct the recipe.")
    keys = [(dropout.seed ^ (place + 1) * 0x9E3779B9) & 0xFFFFFFFF for place in range(3)]
    least = [int(share * 2**32) for share in shares]
    signed = [bits - 2**32 if bits >= 2**31 else bits for bits in (*keys, *least)]
    return (*signed, *(1 / (1 - share) for share in shares))


def _check(
    name: str, tensor: Tensor, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> None:
    found = (tuple(tensor.shape), tensor.dtype, tensor.device)
    if found != (shape, dtype, device) or not tensor.is_contiguous():
        raise Fault(
            f"{name} is {list(found[0])} {found[1]} on {found[2]}, but the fused GPU kernels need it contiguous, "
            f"{list(shape)} {dtype} on {device}: convert it."
        )


def _interpreted() -> bool:
    """Triton's interpreter runs kernels on the CPU, slowly: for tests."""
    return os.environ.get("TRITON_INTERPRET") == "1"
