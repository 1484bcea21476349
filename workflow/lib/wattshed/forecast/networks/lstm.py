"""The network of the family ``lstm``. Shapes: M (node, window) pairs, W look-back, L steps of a sequence, H horizon."""

from typing import Any

import torch
from torch import Tensor, nn

from wattshed.forecast.network import MemoryParts, PrunableUnits
from wattshed.forecast.networks.gru_layers import layers_of
from wattshed.forecast.networks.lifted import Lifted
from wattshed.forecast.networks.removable.recurrent_channels import prunable_channels
from wattshed.forecast.networks.removable.recurrent_units import prunable_units
from wattshed.forecast.networks.stretches import Stretch, state_after, states_of
from wattshed.forecast.series import Pairs, Sequences


class LSTMNetwork(Lifted):
    """A lift of a node's own history, an LSTM per node (Hochreiter and Schmidhuber 1997) and a linear read-out.

    It differs from the network of ``gru`` in its cell alone. The state that it carries from hour to hour is that of all
    layers and then their cells. Dropout acts as in :class:`STGNN`.
    """

    def __init__(
        self,
        horizon_steps: int,
        hidden: int,
        *,
        calendar: bool = False,
        nodes: int = 0,
        channels: int | None = None,
        recurrent_layers: int = 1,
        graph_dropout: float = 0.0,
        state_dropout: float = 0.0,
    ) -> None:
        """hidden: units of each recurrent layer; channels: width of the lift, None for ``hidden``; nodes: rows of the
        node table, 0 for none; the dropouts: shares of values that are set to zero, after the lift and of states.
        """
        width = hidden if channels is None else channels
        super().__init__(width, calendar=calendar, nodes=nodes)
        # torch warns about a dropout that has no place to act.
        between = state_dropout if recurrent_layers > 1 else 0.0
        self.lstm = nn.LSTM(width, hidden, recurrent_layers, batch_first=True, dropout=between)
        self.output = nn.Linear(hidden, horizon_steps)
        self.graph_dropout = nn.Dropout(graph_dropout)
        self.state_dropout = nn.Dropout(state_dropout)
        self.stretch = Stretch()

    def forward(self, pairs: Pairs) -> Tensor:
        """Scaled forecast [M, H]."""
        channels = self.channels_between(pairs, self.base(pairs))
        last, _ = state_after(self.stretch, channels, self._layers, pairs.series.look_back_steps)
        return self.output(self.state_dropout(last[-1]))

    def read(self, channels: Tensor) -> Tensor:
        _, (last, _) = self.lstm(self._lift(channels))
        return self.output(self.state_dropout(last[-1]))

    def forward_sequence(self, sequences: Sequences) -> Tensor:
        """Scaled forecasts after every step but the burn-in [M, L - burn in, H], from one pass of the state."""
        base = self.base(Pairs(sequences.series, sequences.nodes, sequences.starts))
        channels = self.channels_between(sequences, base)
        states, _ = states_of(self.stretch, channels, self._layers, sequences.length_steps)
        return self.output(self.state_dropout(states[:, sequences.burn_in_steps :]))

    def state_units(self) -> int:
        """States and cells of all layers."""
        return 2 * self.lstm.hidden_size * layers_of(self.lstm)

    def advance(self, sequences: Sequences, state: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled forecast after the last step [M, H] and the new state [M, 2 * layers * hidden]."""
        parts = state.unflatten(1, (2, layers_of(self.lstm), -1)).permute(1, 2, 0, 3).contiguous()
        _, after = self.lstm(self._lift(self.channels_of_sequences(sequences)), (parts[0], parts[1]))
        forecast = self.output(self.state_dropout(after[0][-1]))
        return forecast, torch.stack(after).permute(2, 0, 1, 3).flatten(1)

    def why_no_kernel(self) -> str:
        return "no kernel for an LSTM"

    def prunable_units(self) -> PrunableUnits | None:
        return None if layers_of(self.lstm) > 1 else prunable_units(self, self.lstm, self.output)

    def prunable_channels(self) -> PrunableUnits | None:
        return prunable_channels(self, ("own",), ("node_table", "hour_of_day", "weekday"))

    def memory_parts(self) -> MemoryParts:
        return MemoryParts(recomputed={"recurrent": ("stretch",)})

    def linear_maps(self) -> dict[str, nn.Module]:
        return {"lstm": self.lstm, "output": self.output}

    def _layers(self, channels: Tensor, state: Any) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """state: of all layers and their cells, or None."""
        states, after = self.lstm(self._lift(channels), state)
        return states, after

    def _lift(self, channels: Tensor) -> Tensor:
        return self.graph_dropout(torch.relu(channels))
