"""Linear layers as products of two thin ones."""

import torch
from torch import Tensor, nn


class LowRankLinear(nn.Module):
    """A linear layer whose weight matrix is U V, with V [rank, in] and U [out, rank]."""

    def __init__(self, thin: nn.Linear, wide: nn.Linear) -> None:
        super().__init__()
        self.thin = thin
        self.wide = wide

    def forward(self, values: Tensor) -> Tensor:
        """values: [..., in] -> [..., out]."""
        return self.wide(self.thin(values))

    @property
    def product(self) -> Tensor:
        """The weight matrix [out, in]."""
        return self.wide.weight @ self.thin.weight


def fresh(weight: Tensor, bias: Tensor | None, rank: int) -> LowRankLinear:
    """Two thin matrices to be trained from scratch, in the place of a matrix that was just initialised.

    An entry of the product is a sum of ``rank`` terms: both factors get the variance sqrt(v / rank), so that the
    product has the variance v of the matrix. In the place of zeros, the product is zero too, and learns.
    """
    outputs, inputs = weight.shape
    variance = float(weight.detach().square().mean())
    thin = nn.Linear(inputs, rank, bias=False, device=weight.device)
    wide = linear_of(weight.new_zeros(outputs, rank), bias)
    with torch.no_grad():
        if variance:
            limit = (3 * (variance / rank) ** 0.5) ** 0.5
            thin.weight.uniform_(-limit, limit)
            wide.weight.uniform_(-limit, limit)
    return LowRankLinear(thin, wide)


def linear_of(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    """A linear layer with copies of these weights [out, in] and biases [out]."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device=weight.device)
    with torch.no_grad():
        made.weight.copy_(weight)
        if bias is not None:
            made.bias.copy_(bias)
    return made
