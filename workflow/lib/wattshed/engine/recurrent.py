"""The inputs that all back ends share.

Shapes: M pairs, N nodes, T hours, L channels of the lift, D hidden units, H horizon, S slots.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor

Loss = Literal["huber", "squared"]


class RecurrentWeights(NamedTuple):
    """Lift, one GRU layer (gates r, z, n as in torch) and a linear output.

    own, aggregate: [L]; input_gates: [3 D, L]; state_gates: [3 D, D]; input_bias, state_bias: [3 D]; output: [H, D];
    output_bias: [H].
    """

    own: Tensor
    aggregate: Tensor
    input_gates: Tensor
    state_gates: Tensor
    input_bias: Tensor
    state_bias: Tensor
    output: Tensor
    output_bias: Tensor

    @property
    def lift(self) -> int:
        """Channels of the lift."""
        return len(self.own)

    @property
    def hidden(self) -> int:
        """Hidden units of the GRU."""
        return self.state_gates.shape[1]


@dataclass(frozen=True)
class Windows:
    """M windows as indices into contiguous series; nothing is copied.

    own, aggregate: float32 [N, T]; node, start: [M], row and first hour of each window; slot: [T], row of the
    calendar of each hour, or None.
    """

    own: Tensor
    aggregate: Tensor
    node: Tensor
    start: Tensor
    look_back_steps: int
    slot: Tensor | None = None


@dataclass(frozen=True)
class Additions:
    """What is added to a window's lift before its relu, besides its series.

    base: [M, L], the same in all hours; calendar: [S, L], by the hour's slot.
    """

    base: Tensor | None = None
    calendar: Tensor | None = None


@dataclass(frozen=True)
class Dropout:
    """Dropout shares of lifted input, last state and forecast; masks are those of ``masks.keep_factors``."""

    lifted: float = 0.0
    state: float = 0.0
    forecast: float = 0.0
    seed: int = 0


NO_DROPOUT = Dropout()
