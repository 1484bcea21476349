"""What those networks share that read one vector per step: how a step's values become that vector.

Shapes: M (node, window) pairs, W look-back, L steps of a sequence.
"""

from collections.abc import Callable
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from wattshed.forecast.network import Network, TensorFunction
from wattshed.forecast.networks.stretches import Channels
from wattshed.forecast.series import Pairs, Sequences


class Lifted(Network):
    """Channels of each step: of a node's own history, of its neighbours' aggregate, or of both.

    reads_steps: the last steps of the look-back that are read; None for all of them.

    A calendar adds learned values for the hour of day and the weekday; a node table adds learned values for each node.
    With one graph layer and a static graph, A (X W + b) = (A X) W + (A 1) b: the aggregate is made once per series.
    """

    reads_steps: int | None = None

    def __init__(
        self,
        width: int,
        uses_graph: bool = False,
        uses_own_history: bool = True,
        *,
        calendar: bool = False,
        nodes: int = 0,
    ) -> None:
        """width: channels of a step; nodes: rows of the node table, 0 for none."""
        super().__init__()
        # With a graph the bias is aggregated too: w_x x + w_a (A x) + (A 1) b.
        self.own = nn.Linear(1, width, bias=not uses_graph) if uses_own_history else None
        self.neighbours = nn.Linear(1, width) if uses_graph else None
        # Tables start at zero: at first they have no effect.
        self.hour_of_day = nn.Parameter(torch.zeros(24, width)) if calendar else None
        self.weekday = nn.Parameter(torch.zeros(7, width)) if calendar else None
        self.node_table = nn.Parameter(torch.zeros(nodes, width)) if nodes else None

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        return self.read(self.channels_of(pairs.own, pairs.aggregate, self.base(pairs), self.season(pairs)))

    def read(self, channels: Tensor) -> Tensor:
        """Scaled forecast [M, H] from the channels of each step [M, W, channels]."""
        raise NotImplementedError(
            f"{type(self).__name__} reads no channels: expected a network that overrides read"
        )

    def channels_of(
        self, own: Tensor, aggregate: Tensor, base: Tensor | None = None, season: Tensor | None = None
    ) -> Tensor:
        """Channels of each step that is read [M, W, channels]; own, aggregate: scaled [M, W]; see :meth:`base` and
        :meth:`season`."""
        if self.reads_steps is not None:
            own, aggregate = own[:, -self.reads_steps :], aggregate[:, -self.reads_steps :]
            season = None if season is None else season[:, -self.reads_steps :]
        parts = []
        if self.own is not None:
            parts.append(own.unsqueeze(-1) * self.own.weight[:, 0])
        if self.neighbours is not None:
            parts.append(aggregate.unsqueeze(-1) * self.neighbours.weight[:, 0])
        if base is not None:
            parts.append(base.unsqueeze(1))
        if season is not None:
            parts.append(season)
        return reduce(add, parts)

    def channels_between(self, hours: Pairs | Sequences, base: Tensor) -> Channels:
        """Channels [M, l, channels] of a stretch of the steps; base: see :meth:`base`."""
        own, aggregate, calendar = hours.own, hours.aggregate, self.calendar()
        slots = None if calendar is None else hours.slots

        def between(first: int, last: int) -> Tensor:
            season = None if calendar is None or slots is None else calendar[slots[:, first:last].long()]
            return self.channels_of(own[:, first:last], aggregate[:, first:last], base, season)

        return between

    def channels_of_sequences(self, sequences: Sequences) -> Tensor:
        """Channels of all steps of the sequences [M, L, channels]."""
        base = self.base(Pairs(sequences.series, sequences.nodes, sequences.starts))
        return self.channels_of(sequences.own, sequences.aggregate, base, self.season(sequences))

    def base(self, pairs: Pairs) -> Tensor:
        """What is added to a pair's channels in all steps [M, channels]: the aggregated bias and the node's row."""
        if self.neighbours is not None:
            base = pairs.row_sum[:, None] * self.neighbours.bias
        else:
            assert self.own is not None
            assert self.own.bias is not None
            base = self.own.bias.expand(len(pairs), -1)
        return base if self.node_table is None else base + self.node_table[pairs.nodes]

    def calendar(self) -> Tensor | None:
        """What is added by the hour of the week [168, channels], or None."""
        if self.hour_of_day is None or self.weekday is None:
            return None
        return (self.weekday[:, None, :] + self.hour_of_day[None, :, :]).flatten(0, 1)

    def season(self, pairs: Pairs | Sequences) -> Tensor | None:
        """The calendar's rows for each step of the look-backs, or sequences [M, W, channels], or None."""
        calendar = self.calendar()
        return None if calendar is None else calendar[pairs.slots.long()]

    def tensor_function(self) -> TensorFunction:
        return LiftedFunction(self)

    def node_weights(self) -> list[nn.Parameter]:
        return [] if self.node_table is None else [self.node_table]


class LiftedFunction(TensorFunction):
    """Forecasts of a :class:`Lifted` network; its inputs are those of the parts that the network has."""

    def __init__(self, network: Lifted) -> None:
        super().__init__()
        self.network = network
        needed = {
            "own": network.own is not None,
            "aggregate": network.neighbours is not None,
            "row_sum": network.neighbours is not None,
            "node": network.node_table is not None,
            "slot": network.hour_of_day is not None,
        }
        self.names = [name for name, needs in needed.items() if needs]

    def inputs(self, batch: Pairs) -> tuple[Tensor, ...]:
        every: dict[str, Callable[[], Tensor]] = {
            "own": lambda: batch.own,
            "aggregate": lambda: batch.aggregate,
            "row_sum": lambda: batch.row_sum,
            "node": lambda: batch.nodes,
            "slot": lambda: batch.slots.long(),
        }
        return tuple(every[name]().contiguous() for name in self.names)

    def forward(self, *inputs: Tensor) -> Tensor:
        given = dict(zip(self.names, inputs, strict=True))
        network = self.network
        own, aggregate = given.get("own"), given.get("aggregate")
        if network.neighbours is not None:
            base = given["row_sum"].unsqueeze(1) * network.neighbours.bias
        else:
            assert network.own is not None
            base = network.own.bias.unsqueeze(0)
        if network.node_table is not None:
            base = base + network.node_table[given["node"]]
        calendar = network.calendar()
        season = None if calendar is None else calendar[given["slot"]]
        # Channels ignore a series that the network does not have.
        known = own if own is not None else aggregate
        assert known is not None
        channels = network.channels_of(
            known if own is None else own, known if aggregate is None else aggregate, base, season
        )
        return network.read(channels)
