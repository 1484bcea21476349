"""What every family's network can be asked. A new family overrides what it can do better than the plain answer.

Shapes: B windows, M (node, window) pairs, N nodes, W look-back, H horizon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from wattshed.engine.recurrent import Additions, RecurrentWeights
    from wattshed.forecast.protocol import ForecastTask
    from wattshed.forecast.series import Pairs, ScaledSeries

LossName = Literal["huber", "squared"]


@dataclass(frozen=True)
class PrunableUnits:
    """Units that can be removed. importance: float [units]; keep: indices, ascending -> a smaller copy."""

    importance: Tensor
    keep: Callable[[Tensor], Network]


class Network(nn.Module):
    """A network of some family. The plain answers: no kernel, nothing to solve, nothing to prune, nothing linear."""

    # What a batch's inputs are: (node, window) ``pairs``, or whole ``windows`` of all nodes.
    takes: Literal["pairs", "windows"] = "pairs"
    has_closed_form = False

    def kernel_weights(self) -> RecurrentWeights | None:
        """Weights for a fused kernel; None where torch computes this network."""
        return None

    def additions(self, pairs: Pairs) -> Additions:
        """What a kernel adds to the lift of each pair; asked only where there are kernel weights."""
        raise NotImplementedError(f"{type(self).__name__} has kernel weights but no additions")

    def solve(self, task: ForecastTask, series: ScaledSeries) -> None:
        """Solve what is solved and not trained."""

    def parameter_count(self) -> int:
        """Trained weights, and solved ones."""
        return sum(parameter.numel() for parameter in self.parameters())

    def prunable_units(self) -> PrunableUnits | None:
        """Units that structured pruning can remove; None where there are none."""
        return None

    def linear_maps(self) -> dict[str, nn.Module]:
        """Linear and recurrent layers by name that a method may replace; see :meth:`with_maps`."""
        return {}

    def with_maps(self, replacements: dict[str, Any]) -> Network:
        """A copy with layers of :meth:`linear_maps` replaced; they must take and give the same shapes."""
        raise NotImplementedError(f"{type(self).__name__} offers no linear maps")
