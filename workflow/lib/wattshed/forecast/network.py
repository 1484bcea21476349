"""The methods of every family's network, with defaults that a family may override.

Shapes: B windows, M (node, window) pairs, N nodes, W look-back, H horizon.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from torch import Tensor, nn

from wattshed.engine.recurrent import NO_DROPOUT, Dropout

if TYPE_CHECKING:
    import numpy as np

    from wattshed.engine.recurrent import Additions, RecurrentWeights
    from wattshed.forecast.protocol import ForecastTask
    from wattshed.forecast.series import Pairs, ScaledSeries, Sequences

LossName = Literal["huber", "squared", "cross_entropy"]


class Keep(Protocol):
    def __call__(self, units: Tensor, /, means: Tensor | None = None) -> Network:
        """A smaller copy with the units of these indices, ascending; [places, kept] where places have their own units.

        means: [places, all units] of :attr:`Watched.means`; what each place would have read from the removed units on
        average is then added to its biases. None adds nothing.
        """
        ...


@dataclass(frozen=True)
class Watched:
    """A copy that forecasts the same on torch, and whose units are seen.

    values: each unit's value at every step of the last forecast, hours times [M, units].
    reads: what each place that reads units has read in that forecast: one list per place, of tensors [M, ..., units]
    whose gradients are those of this place alone. means: the mean of what each place has read [places, units].
    own_units: whether each place has units of its own, such as the blocks of a transformer: values are then [M, places,
    units], and so are importances without M.
    """

    network: Network
    values: Callable[[], list[Tensor]]
    reads: Callable[[], list[list[Tensor]]]
    means: Callable[[], Tensor]
    own_units: bool = False


@dataclass(frozen=True)
class PrunableUnits:
    """Units that can be removed.

    importance: by the norm of their weights, float [units]; keep: makes a smaller copy; watched: a copy whose units are
    seen, for an importance from data, or None if the network has no such copy.
    """

    importance: Tensor
    keep: Keep
    watched: Callable[[], Watched] | None = None


@dataclass(frozen=True)
class DroppableFeatures:
    """Features that can be dropped. count: how many there are; keep: how many of them -> a smaller copy, solved again;
    skeleton: the same, of the same shape, without weights.
    """

    count: int
    keep: Callable[[int], Network]
    skeleton: Callable[[int], Network]


@dataclass(frozen=True)
class MemoryParts:
    """Parts of a network that memory mechanisms may change, by their attribute's name, such as ``blocks.0.attention``.

    attentions: modules with the attribute ``kernel``, a :class:`wattshed.engine.attention.kernel.AttentionKernel`;
    projections: their linear layers, which may become products of two thin ones. aggregations: modules with the
    attribute ``aggregation``, a name of :data:`wattshed.engine.aggregation.kernels.KERNELS`. recomputed: groups
    (``graph``, ``attention``, ``recurrent``, ``feed_forward``) of modules whose forward pass may run again in the
    backward pass, in the order in which they are computed. skippable: residual blocks [M, ...] -> [M, ...] of the same
    shape, which a gate may skip for some of the M examples.
    """

    attentions: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()
    aggregations: tuple[str, ...] = ()
    recomputed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skippable: tuple[str, ...] = ()

    def inside(self, name: str) -> MemoryParts:
        """The same parts of a network that another one holds as this attribute."""

        def within(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(f"{name}.{one}" for one in names)

        return MemoryParts(
            within(self.attentions),
            within(self.projections),
            within(self.aggregations),
            {group: within(names) for group, names in self.recomputed.items()},
            within(self.skippable),
        )


class TensorFunction(nn.Module, ABC):
    """A network as a function of plain tensors, for other runtimes.

    rows: what the first dimension of all inputs counts; the exported file takes any number of them.
    names: its inputs in order. Those of our networks on windows: history: [B, W, N] scaled. Those of our networks on
    pairs: own, aggregate: [M, W] scaled; row_sum: [M]; node: int64 [M]; slot: int64 [M, W], hour of the local
    week of each step; features: [M, F] of the linear part.
    """

    rows: Literal["pairs", "windows"] = "pairs"
    names: list[str]

    @abstractmethod
    def inputs(self, batch: Any) -> tuple[Tensor, ...]:
        """The inputs of a batch as the network takes it, contiguous, in the order of ``names``."""

    @abstractmethod
    def forward(self, *inputs: Tensor) -> Tensor:
        """Scaled forecast, as the network's own: [M, H] of pairs, [B, H, N] of windows."""


class Network(nn.Module):
    """A network of some family. Defaults: no kernel, nothing to solve, nothing to prune, no linear maps."""

    # What a batch's inputs are: (node, window) ``pairs``, whole ``windows`` of all nodes, or labelled ``examples``.
    takes: Literal["pairs", "windows", "examples"] = "pairs"
    # Whether a part of the forecast is solved in closed form (:meth:`solve`) before the training.
    has_closed_form = False
    # Why torch computes each training step, though a kernel may forecast; None if a kernel may do both.
    trained_on_torch: str | None = None

    def kernel_weights(self) -> RecurrentWeights | None:
        """Weights for a fused kernel; None if torch computes this network."""
        return None

    def why_no_kernel(self) -> str:
        """Why there are no kernel weights, in words for the ledger; called only if there are none."""
        return f"no kernel for this {type(self).__name__}"

    def kernel_dropout(self) -> Dropout:
        """The dropout of a training step that a kernel computes; none in evaluation mode."""
        return NO_DROPOUT

    def additions(self, pairs: Pairs) -> Additions:
        """What a kernel adds to the lift of each pair; called only if there are kernel weights."""
        raise NotImplementedError(f"{type(self).__name__} has kernel weights but no additions")

    def solved_forecast(self, pairs: Pairs) -> Tensor | None:
        """The solved part of the scaled forecast [M, H], which kernels leave out; None without such a part."""
        return None

    def solve(self, task: ForecastTask, series: ScaledSeries) -> None:
        """Solve the part that has a closed form."""

    def learn(self, task: ForecastTask, series: ScaledSeries, origins: np.ndarray) -> float:
        """Learn further windows in closed form; returns the mean squared error on them afterwards, scaled.

        Called only for a family that offers exact updates. origins: int64 [B], first target steps.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be updated in closed form")

    def droppable_features(self) -> DroppableFeatures | None:
        """Features that can be dropped; None if there are none."""
        return None

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every step but the burn-in [M, L - burn in, H].

        Called only for a family whose ``samplings`` have ``sequences``.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be trained on sequences")

    def state_units(self) -> int:
        """Units of the state that is carried from hour to hour; 0 if there is no state, so that the network cannot
        stream."""
        return 0

    def advance(self, sequences: Sequences, state: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled forecast after the last step [M, H] without its solved part, and the new state [M, units].

        Called only if there are state units.
        """
        raise NotImplementedError(f"{type(self).__name__} has state units but cannot advance them")

    def sampled_adjacency(self) -> Tensor | None:
        """The adjacency [N, N], CSR, of which a training step can use a part; None if that is not possible. If it is,
        the forward pass takes rows [K, N] of it as a second input and forecasts those K nodes.
        """
        return None

    def parameter_count(self) -> int:
        """Number of trained and of solved weights."""
        return sum(parameter.numel() for parameter in self.parameters())

    def tensor_function(self) -> TensorFunction | None:
        """The network as a function of plain tensors, for an export; None if it cannot be exported."""
        return None

    def node_weights(self) -> list[nn.Parameter]:
        """Weights of which each node has its own row [N, ...]; empty if there are none."""
        return []

    def prunable_units(self) -> PrunableUnits | None:
        """Units that structured pruning can remove; None if there are none."""
        return None

    def prunable_channels(self) -> PrunableUnits | None:
        """Channels between the graph layer and the units that structured pruning can remove; None if there are none."""
        return None

    def memory_parts(self) -> MemoryParts:
        """Parts that memory mechanisms may change; none by default."""
        return MemoryParts()

    def learn_sizes(self, batch: Any) -> None:
        """Note sizes of a training step that depend on data, from a batch as the network takes it.

        Predictions of memory, which have no values, use them. Most networks have no such sizes.
        """

    def linear_maps(self) -> dict[str, nn.Module]:
        """Linear and recurrent layers that a method may replace, by their attribute's name; see :meth:`with_maps`."""
        return {}

    def with_maps(self, replacements: dict[str, Any]) -> Network:
        """A copy with layers of :meth:`linear_maps` replaced; they must take and give the same shapes.

        Raises :class:`KeyError` for a name that is not in :meth:`linear_maps`.
        """
        maps = self.linear_maps()
        unknown = sorted(set(replacements) - set(maps))
        if unknown:
            known = ", ".join(maps) or "none"
            raise KeyError(
                f"{type(self).__name__} has no linear map {unknown[0]!r}; expected one of: {known}"
            )
        result = copy.deepcopy(self)
        for name, layer in replacements.items():
            # A name with dots is that of a layer inside another one.
            parent, _, own = name.rpartition(".")
            setattr(result.get_submodule(parent), own, layer)
        return result
