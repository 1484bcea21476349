"""The Triton kernels, called in the same way as the CPU kernel."""

from torch import Tensor

from wattshed.engine.gpu import fused_cuda
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, Loss, RecurrentWeights, Windows


class FusedCuda:
    """Forecasts and losses of windows whose series are on a GPU. Raises :class:`Fault` for unsuitable sizes or
    arrays."""

    def forecast(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        dropout: Dropout = NO_DROPOUT,
    ) -> Tensor:
        """Scaled forecasts [M, H]."""
        merged, arguments = _arguments(weights, windows, additions)
        return fused_cuda.forecast(*arguments, merged, _dropout(dropout))

    def loss(
        self,
        weights: RecurrentWeights,
        windows: Windows,
        additions: Additions,
        target: Tensor,
        observed: Tensor,
        loss: Loss,
        dropout: Dropout = NO_DROPOUT,
    ) -> Tensor:
        """Mean loss over observed cells, ready for ``backward``."""
        merged, arguments = _arguments(weights, windows, additions)
        return fused_cuda.differentiable_loss(
            *arguments, merged, target.contiguous(), observed.contiguous(), loss, _dropout(dropout)
        )


def _arguments(
    weights: RecurrentWeights, windows: Windows, additions: Additions
) -> tuple[fused_cuda.Weights, tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None, int]]:
    base = additions.base
    if base is None:
        base = weights.own.new_zeros(len(windows.node), len(weights.own))
    merged = fused_cuda.Weights(
        weights.own.contiguous(),
        weights.aggregate.contiguous(),
        base.contiguous(),
        additions.calendar,
        *weights[2:],
    )
    slot = None if additions.calendar is None else windows.slot
    origin = (windows.start + windows.look_back_steps).contiguous()
    return merged, (windows.own, windows.aggregate, windows.node, origin, slot, windows.look_back_steps)


def _dropout(dropout: Dropout) -> fused_cuda.Dropout:
    return fused_cuda.Dropout(dropout.seed, dropout.lifted, dropout.state, dropout.forecast)
