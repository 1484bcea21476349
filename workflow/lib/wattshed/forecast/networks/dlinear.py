"""The network of the family ``dlinear``. Shapes: M (node, window) pairs, W look-back, H horizon."""

from torch import Tensor, nn

from wattshed.forecast.network import Network, TensorFunction
from wattshed.forecast.series import Pairs


class DLinear(Network):
    """One linear map of the trend and one of the remainder (Zeng et al. 2023), shared by all nodes."""

    def __init__(self, look_back_steps: int, horizon_steps: int) -> None:
        super().__init__()
        # The paper's kernel of 25 needs look-backs of 336; with half a day the remainder covers variations
        # within a day.
        self.kernel = min(13, look_back_steps - 1 + look_back_steps % 2)
        self.trend = nn.Linear(look_back_steps, horizon_steps)
        self.rest = nn.Linear(look_back_steps, horizon_steps)

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]; the neighbours are not used."""
        return self.of_history(pairs.own)

    def of_history(self, own: Tensor) -> Tensor:
        """Scaled forecast [M, H] from scaled look-backs [M, W]."""
        padded = nn.functional.pad(own.unsqueeze(1), (self.kernel // 2, self.kernel // 2), mode="replicate")
        trend = nn.functional.avg_pool1d(padded, self.kernel, stride=1).squeeze(1)
        return self.trend(trend) + self.rest(own - trend)

    def tensor_function(self) -> TensorFunction:
        return DLinearFunction(self)

    def linear_maps(self) -> dict[str, nn.Module]:
        return {"trend": self.trend, "rest": self.rest}


class DLinearFunction(TensorFunction):
    """Forecasts of a :class:`DLinear` from own look-backs."""

    def __init__(self, network: DLinear) -> None:
        super().__init__()
        self.network = network
        self.names = ["own"]

    def inputs(self, batch: Pairs) -> tuple[Tensor, ...]:
        return (batch.own.contiguous(),)

    def forward(self, *inputs: Tensor) -> Tensor:
        (own,) = inputs
        return self.network.of_history(own)
