"""The recurrent network of the families ``stgnn`` and ``gru``.

Shapes: M (node, window) pairs, W look-back, L steps of a sequence, H horizon.
"""

import torch
from torch import Tensor, nn

from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, RecurrentWeights
from wattshed.forecast.network import MemoryParts, PrunableUnits
from wattshed.forecast.networks.gru_layers import layers_of, make_gru
from wattshed.forecast.networks.lifted import Lifted
from wattshed.forecast.networks.removable.recurrent_channels import prunable_channels
from wattshed.forecast.networks.removable.recurrent_units import prunable_units
from wattshed.forecast.networks.stretches import Stretch, state_after, states_of
from wattshed.forecast.series import Pairs, Sequences


class STGNN(Lifted):
    """A graph layer, a GRU per node and a linear read-out.

    A node's own history and its neighbours' aggregate are two channels, and nodes are independent afterwards. Without
    its graph it is a plain GRU per node; without own history it sees only the aggregate, as the source study's network
    does.

    Dropout acts in training only: on the graph layer's output, and on states where the next recurrent layer or the
    read-out takes them, never on what a layer carries from hour to hour (Zaremba et al. 2014).
    """

    def __init__(
        self,
        horizon_steps: int,
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
        width = hidden if channels is None else channels
        super().__init__(width, uses_graph, uses_own_history, calendar=calendar, nodes=nodes)
        self.gru = make_gru(width, hidden, recurrent_layers, state_dropout)
        self.output = nn.Linear(hidden, horizon_steps)
        self.graph_dropout = nn.Dropout(graph_dropout)
        self.state_dropout = nn.Dropout(state_dropout)
        self.stretch = Stretch()

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        channels = self.channels_between(pairs, self.base(pairs))
        last = state_after(self.stretch, channels, self._layers, pairs.series.look_back_steps)
        return self.output(self.state_dropout(last[-1]))

    def read(self, channels: Tensor) -> Tensor:
        """Scaled forecast [M, H] from the sums of the graph layer [M, W, channels]."""
        _, last = self.gru(self.graph_dropout(torch.relu(channels)))
        return self.output(self.state_dropout(last[-1]))

    def lift(
        self, own: Tensor, aggregate: Tensor, base: Tensor | None = None, season: Tensor | None = None
    ) -> Tensor:
        """The graph layer [M, W, channels]; see :meth:`channels_of`."""
        return self.graph_dropout(torch.relu(self.channels_of(own, aggregate, base, season)))

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every step but the burn-in [M, L - burn in, H], from one pass of the state."""
        base = self.base(Pairs(sequences.series, sequences.nodes, sequences.starts))
        channels = self.channels_between(sequences, base)
        states, _ = states_of(self.stretch, channels, self._layers, sequences.length_steps)
        return self.output(self.state_dropout(states[:, sequences.burn_in_steps :]))

    def state_units(self) -> int:
        return self.gru.hidden_size * layers_of(self.gru)

    def advance(self, sequences: Sequences, state: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled forecast after the last step [M, H] and the new state [M, layers * hidden], the first layer first."""
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

    def prunable_units(self) -> PrunableUnits | None:
        return None if layers_of(self.gru) > 1 else prunable_units(self, self.gru, self.output)

    def prunable_channels(self) -> PrunableUnits | None:
        return prunable_channels(self, ("own", "neighbours"), ("node_table", "hour_of_day", "weekday"))

    def memory_parts(self) -> MemoryParts:
        return MemoryParts(recomputed={"recurrent": ("stretch",)})

    def linear_maps(self) -> dict[str, nn.Module]:
        return {"gru": self.gru, "output": self.output}

    def _layers(self, channels: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        states, last = self.gru(self.graph_dropout(torch.relu(channels)), state)
        return states, last

    def _lift_sequences(self, sequences: Sequences) -> Tensor:
        """The graph layer for all steps of the sequences [M, L, channels]."""
        return self.graph_dropout(torch.relu(self.channels_of_sequences(sequences)))
