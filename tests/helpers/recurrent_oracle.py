"""The recurrent forecaster written out in torch, hour by hour, for any precision: what back ends are held against."""

from typing import Literal

import torch
from torch import Tensor

from wattshed.engine.masks import FORECAST, LIFTED, STATE, keep_factors
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, RecurrentWeights, Windows


def oracle_forecast(
    weights: RecurrentWeights,
    windows: Windows,
    additions: Additions,
    dropout: Dropout = NO_DROPOUT,
    state: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Forecasts [M, H] and last states [M, D], with the weights' precision."""
    like = weights.own
    node, start = windows.node.long(), windows.start.long()
    samples, hidden = len(node), weights.hidden
    hours = start[:, None] + torch.arange(windows.look_back_steps)
    own = windows.own.to(like.dtype)[node[:, None], hours]
    aggregate = windows.aggregate.to(like.dtype)[node[:, None], hours]
    lifted = own[..., None] * weights.own + aggregate[..., None] * weights.aggregate
    if additions.base is not None:
        lifted = lifted + additions.base[:, None, :]
    if additions.calendar is not None:
        lifted = lifted + additions.calendar[windows.slot.long()[hours]]
    cpu = torch.device("cpu")
    lifted = torch.relu(lifted)
    lifted = lifted * keep_factors(tuple(lifted.shape), dropout.lifted, dropout.seed, LIFTED, cpu)
    h = torch.zeros(samples, hidden, dtype=like.dtype) if state is None else state.to(like.dtype)
    for t in range(windows.look_back_steps):
        from_input = lifted[:, t] @ weights.input_gates.T + weights.input_bias
        from_state = h @ weights.state_gates.T + weights.state_bias
        ir, iz, i_n = from_input.split(hidden, dim=1)
        hr, hz, h_n = from_state.split(hidden, dim=1)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        n = torch.tanh(i_n + r * h_n)
        h = n + z * (h - n)
    last = h
    h = h * keep_factors(tuple(h.shape), dropout.state, dropout.seed, STATE, cpu)
    forecast = h @ weights.output.T + weights.output_bias
    return forecast * keep_factors(tuple(forecast.shape), dropout.forecast, dropout.seed, FORECAST, cpu), last


def oracle_loss(
    forecast: Tensor, target: Tensor, observed: Tensor, loss: Literal["huber", "squared"]
) -> Tensor:
    """Mean over observed cells."""
    error = torch.where(observed, forecast - target.to(forecast.dtype), 0)
    size = error.abs()
    cells = error**2 if loss == "squared" else torch.where(size >= 1, size - 0.5, 0.5 * error**2)
    return cells[observed].sum() / observed.sum().clamp(min=1)
