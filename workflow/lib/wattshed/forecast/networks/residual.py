"""A linear part in closed form, and a network that learns its residuals."""

import copy
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from wattshed.engine.recurrent import Additions, Dropout, RecurrentWeights
from wattshed.forecast.network import MemoryParts, Network, PrunableUnits, TensorFunction, Watched
from wattshed.forecast.networks.linear_part import LinearPart
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, ScaledSeries, Sequences


class Residual(Network):
    """Forecast of a linear part plus that of a network.

    Methods that change layers change the network; the linear part stays as it is.
    """

    has_closed_form = True

    def __init__(self, linear: LinearPart, network: Network) -> None:
        super().__init__()
        self.linear = linear
        self.network = network

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        return self.linear(pairs) + self.network(pairs)

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every step but the burn-in [M, L - burn in, H]."""
        learned = self.network.forward_sequence(sequences)
        return self.linear(sequences.pairs).reshape(learned.shape) + learned

    def solve(self, task: ForecastTask, series: ScaledSeries) -> None:
        self.linear.solve(task, series)

    def solved_forecast(self, pairs: Pairs) -> Tensor:
        return self.linear(pairs)

    def kernel_weights(self) -> RecurrentWeights | None:
        return self.network.kernel_weights()

    def kernel_dropout(self) -> Dropout:
        return self.network.kernel_dropout()

    def why_no_kernel(self) -> str:
        return self.network.why_no_kernel()

    def additions(self, pairs: Pairs) -> Additions:
        return self.network.additions(pairs)

    def state_units(self) -> int:
        return self.network.state_units()

    def advance(self, sequences: Sequences, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.advance(sequences, state)

    def parameter_count(self) -> int:
        return self.linear.weight.numel() + self.network.parameter_count()

    def tensor_function(self) -> TensorFunction | None:
        learned = self.network.tensor_function()
        return None if learned is None else ResidualFunction(self.linear, learned)

    def node_weights(self) -> list[nn.Parameter]:
        return self.network.node_weights()

    def prunable_units(self) -> PrunableUnits | None:
        return self._prunable(self.network.prunable_units())

    def prunable_channels(self) -> PrunableUnits | None:
        return self._prunable(self.network.prunable_channels())

    def memory_parts(self) -> MemoryParts:
        return self.network.memory_parts().inside("network")

    def linear_maps(self) -> dict[str, nn.Module]:
        return self.network.linear_maps()

    def with_maps(self, replacements: dict[str, Any]) -> Network:
        return self._around(self.network.with_maps(replacements))

    def _prunable(self, inner: PrunableUnits | None) -> PrunableUnits | None:
        """The network's units, whose smaller copies have the linear part too."""
        if inner is None:
            return None
        keep, watched = inner.keep, inner.watched

        def keep_around(units: Tensor, means: Tensor | None = None) -> Network:
            return self._around(keep(units) if means is None else keep(units, means))

        def watched_around() -> Watched:
            assert watched is not None
            found = watched()
            return replace(found, network=self._around(found.network))

        return PrunableUnits(inner.importance, keep_around, None if watched is None else watched_around)

    def _around(self, network: Network) -> Network:
        return Residual(copy.deepcopy(self.linear), network)


class ResidualFunction(TensorFunction):
    """The network's function, with the linear part's ``features`` as its last input."""

    def __init__(self, linear: LinearPart, learned: TensorFunction) -> None:
        super().__init__()
        self.linear = linear
        self.learned = learned
        self.names = [*learned.names, "features"]

    def inputs(self, batch: Pairs) -> tuple[Tensor, ...]:
        return (*self.learned.inputs(batch), self.linear.features(batch).contiguous())

    def forward(self, *inputs: Tensor) -> Tensor:
        *given, features = inputs
        return self.learned(*given) + features @ self.linear.weight
