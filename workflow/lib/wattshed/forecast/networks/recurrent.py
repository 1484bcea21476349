"""The recurrent network of the families ``stgnn`` and ``gru``.

Shapes: M (node, window) pairs, W look-back, L hours of a sequence, H horizon.
"""

from collections.abc import Callable
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, RecurrentWeights
from wattshed.forecast.network import Network, PrunableUnits, TensorFunction
from wattshed.forecast.networks.gru_channels import prunable_channels
from wattshed.forecast.networks.gru_layers import layers_of, make_gru
from wattshed.forecast.networks.gru_units import prunable_units
from wattshed.forecast.series import Pairs, Sequences


class STGNN(Network):
    """A graph layer, a GRU per node and a linear read-out.

    A node's own history and its neighbours' aggregate are two channels. With one graph layer and a static graph,
    A (X W + b) = (A X) W + (A 1) b: the aggregate is made once per series, and nodes are independent afterwards.
    Without its graph it is a plain GRU per node; without own history it sees only the aggregate, as the source study's
    network does. A calendar adds learned values for the hour of day and the weekday; a node table adds learned values
    for each node.

    Dropout acts in training only: on the graph layer's output, and on states where the next recurrent layer or the
    read-out takes them, never on what a layer carries from hour to hour (Zaremba et al. 2014).
    """

    def __init__(
        self,
        horizon_h: int,
        hidden: int,
        uses_graph: bool = True,
        uses_own_history: bool = True,
        *,
        calendar: bool = False,
        nodes: int = 0,
        channels: int | None = None,
        recurrent_layers: int = 1,
        graph_dropout: float = 0.0,
        state_dropout: float = 0.0,
    ) -> None:
        """hidden: units of each recurrent layer; channels: width of the graph layer, None for ``hidden``; nodes: rows
        of the node table, 0 for none; the dropouts: shares of values that are set to zero.
        """
        super().__init__()
        width = hidden if channels is None else channels
        # With a graph the bias is aggregated too: w_x x + w_a (A x) + (A 1) b.
        self.own = nn.Linear(1, width, bias=not uses_graph) if uses_own_history else None
        self.neighbours = nn.Linear(1, width) if uses_graph else None
        self.gru = make_gru(width, hidden, recurrent_layers, state_dropout)
        self.output = nn.Linear(hidden, horizon_h)
        self.graph_dropout = nn.Dropout(graph_dropout)
        self.state_dropout = nn.Dropout(state_dropout)
        # Tables start at zero: at first they have no effect.
        self.hour_of_day = nn.Parameter(torch.zeros(24, width)) if calendar else None
        self.weekday = nn.Parameter(torch.zeros(7, width)) if calendar else None
        self.node_table = nn.Parameter(torch.zeros(nodes, width)) if nodes else None

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        _, last = self.gru(self.lift(pairs.own, pairs.aggregate, self.base(pairs), self.season(pairs)))
        return self.output(self.state_dropout(last[-1]))

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every hour but the burn-in [M, L - burn in, H], from one pass of the state."""
        states, _ = self.gru(self._lift_sequences(sequences))
        return self.output(self.state_dropout(states[:, sequences.burn_in_h :]))

    def lift(
        self, own: Tensor, aggregate: Tensor, base: Tensor | None = None, season: Tensor | None = None
    ) -> Tensor:
        """The graph layer [M, W, channels]; own, aggregate: scaled [M, W]; see :meth:`base`, :meth:`season`."""
        parts = []
        if self.own is not None:
            parts.append(own.unsqueeze(-1) * self.own.weight[:, 0])
        if self.neighbours is not None:
            parts.append(aggregate.unsqueeze(-1) * self.neighbours.weight[:, 0])
        if base is not None:
            parts.append(base.unsqueeze(1))
        if season is not None:
            parts.append(season)
        return self.graph_dropout(torch.relu(reduce(add, parts)))

    def base(self, pairs: Pairs) -> Tensor:
        """What is added to a pair's lift in all hours [M, channels]: the aggregated bias and the node's row."""
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

    def season(self, pairs: Pairs) -> Tensor | None:
        """The calendar's rows for each hour of the look-backs [M, W, channels], or None."""
        calendar = self.calendar()
        return None if calendar is None else calendar[pairs.slots.long()]

    def state_units(self) -> int:
        return self.gru.hidden_size * layers_of(self.gru)

    def advance(self, sequences: Sequences, state: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled forecast after the last hour [M, H] and the new state [M, layers * hidden], the first layer first."""
        before = state.unflatten(1, (layers_of(self.gru), -1)).transpose(0, 1).contiguous()
        _, last = self.gru(self._lift_sequences(sequences), before)
        return self.output(self.state_dropout(last[-1])), last.transpose(0, 1).flatten(1)

    def additions(self, pairs: Pairs) -> Additions:
        return Additions(self.base(pairs), self.calendar())

    def kernel_dropout(self) -> Dropout:
        """The kernel draws its own masks, from a seed of torch's generator."""
        lifted, state = self.graph_dropout.p, self.state_dropout.p
        if not self.training or lifted == state == 0:
            return NO_DROPOUT
        return Dropout(lifted=lifted, state=state, seed=int(torch.randint(2**31, ())))

    def why_no_kernel(self) -> str:
        for layer, plain in ((self.gru, nn.GRU), (self.output, nn.Linear)):
            if type(layer) is not plain:
                return f"no kernel for a layer {type(layer).__name__}"
        if self.gru.num_layers > 1:
            return f"no kernel for a GRU of {self.gru.num_layers} layers"
        return (
            f"no kernel for a GRU of {self.gru.hidden_size} units that reads {self.gru.input_size} channels"
        )

    def kernel_weights(self) -> RecurrentWeights | None:
        """The weights for a kernel; None if a method has replaced a layer."""
        gru, output = self.gru, self.output
        if type(gru) is not nn.GRU or type(output) is not nn.Linear:
            return None
        if gru.num_layers != 1:
            return None
        nothing = torch.zeros(gru.input_size, device=output.weight.device)
        input_gates, state_gates, input_bias, state_bias = gru.all_weights[0]
        return RecurrentWeights(
            nothing if self.own is None else self.own.weight[:, 0],
            nothing if self.neighbours is None else self.neighbours.weight[:, 0],
            input_gates,
            state_gates,
            input_bias,
            state_bias,
            output.weight,
            output.bias,
        )

    def tensor_function(self) -> TensorFunction:
        return RecurrentFunction(self)

    def node_weights(self) -> list[nn.Parameter]:
        return [] if self.node_table is None else [self.node_table]

    def prunable_units(self) -> PrunableUnits | None:
        return None if layers_of(self.gru) > 1 else prunable_units(self, self.gru, self.output)

    def prunable_channels(self) -> PrunableUnits | None:
        return prunable_channels(self, ("own", "neighbours"), ("node_table", "hour_of_day", "weekday"))

    def linear_maps(self) -> dict[str, nn.Module]:
        return {"gru": self.gru, "output": self.output}

    def _lift_sequences(self, sequences: Sequences) -> Tensor:
        """The graph layer for all hours of the sequences [M, L, channels]."""
        calendar = self.calendar()
        season = None if calendar is None else calendar[sequences.slots.long()]
        base = self.base(Pairs(sequences.series, sequences.nodes, sequences.starts))
        return self.lift(sequences.own, sequences.aggregate, base, season)


class RecurrentFunction(TensorFunction):
    """Forecasts of an :class:`STGNN`; its inputs are those of the parts that the network has."""

    def __init__(self, network: STGNN) -> None:
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
        # The lift ignores a channel that the network does not have.
        known = own if own is not None else aggregate
        assert known is not None
        lifted = network.lift(
            known if own is None else own, known if aggregate is None else aggregate, base, season
        )
        _, last = network.gru(lifted)
        return network.output(last[-1])
