"""Forecasts hour by hour: one step of the network per node and new hour, instead of a whole window."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.fused_stream import FusedStream
from wattshed.forecast.computing import backend_of
from wattshed.forecast.families.networks import STGNN, Residual
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import WEEK_H, ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors

# So long a run-in makes a state that started at zero the same as one that was never cut (a test holds it).
RUN_IN_H = WEEK_H


class StreamingForecaster(NeuralForecaster):
    """A network whose state is carried from hour to hour.

    Only for networks that were trained on sequences: one trained on windows that start from zero is worse when it
    streams, since it has never seen an older state.
    """

    def __init__(self, network: nn.Module, series: ScaledSeries, horizon_h: int) -> None:
        """Raises :class:`Fault` for a network without a state."""
        super().__init__(network, series, horizon_h)
        self._recurrent = network.network if isinstance(network, Residual) else network
        if not isinstance(self._recurrent, STGNN):
            raise Fault(
                f"{type(network).__name__} keeps no state and cannot stream: expected the form stgnn or gru with a "
                "recipe whose sampling is sequences; train such a model."
            )
        self._next_hour: int | None = None
        self._state = torch.zeros(0)
        # Where a kernel computes, the states live in its order instead, until they are asked for.
        self._stream: FusedStream | None = None

    def of(self, network: nn.Module) -> "StreamingForecaster":
        """Another network on the same series."""
        return StreamingForecaster(network, self.series, self.horizon_h)

    @torch.no_grad()
    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Forecast [B, H, N] in the panel's unit; origins: ascending.

        States are run in before the first origin, then every hour is looked at once.
        """
        if (np.diff(origins) < 0).any():
            raise ValueError("a stream has one direction: origins must ascend")
        self.network.eval()
        result = np.empty((len(origins), self.horizon_h, len(self.series.own)), dtype=np.float32)
        if len(origins):
            self.start(int(origins[0]) - RUN_IN_H)
        for row, origin in enumerate(origins):
            result[row] = self.advance_to(int(origin)).T.cpu().numpy()
        return self.series.scaler.unscale(result)

    def start(self, hour: int) -> None:
        """Begin with empty states before ``hour`` (or the first hour there is), and with the weights of now."""
        nodes, hidden = len(self.series.own), self._hidden()
        self._next_hour = max(0, hour)
        self._state = torch.zeros(nodes, hidden, device=self.series.device)
        self._stream = None

    @torch.no_grad()
    def advance_to(self, origin: int) -> Tensor:
        """Look at all hours before ``origin`` that were not seen yet; scaled forecasts [N, H] from there on."""
        if self._next_hour is None or origin <= self._next_hour:
            # Seen already: begin again, for states cannot go back.
            self.start(origin - RUN_IN_H)
        assert self._next_hour is not None
        forecast = self._look(self._next_hour, origin - self._next_hour)
        self._next_hour = origin
        if isinstance(self.network, Residual):
            nodes = torch.arange(len(self.series.own), device=self.series.device)
            forecast = forecast + self.network.linear(
                self.series.pairs(nodes, torch.full_like(nodes, origin))
            )
        return forecast

    def write_state(self, path: Path | str) -> None:
        """Keep the states, to go on in another process."""
        state = self._state if self._stream is None else self._stream.state
        write_tensors(path, {"state": state.cpu().numpy()}, {"next_hour": self._next_hour})

    def read_state(self, path: Path | str) -> None:
        """Go on from kept states; raises :class:`Fault` where they are of another network or panel."""
        tensors, about = read_tensors(path)
        expected = [len(self.series.own), self._hidden()]
        found = list(tensors["state"].shape)
        if found != expected:
            raise Fault(
                f"{path} holds states of shape {found} (nodes, units), this network and panel have {expected}: "
                "start the stream anew."
            )
        self._state = torch.from_numpy(tensors["state"]).to(self.series.device)
        self._stream = None
        self._next_hour = about["next_hour"]

    def _look(self, start: int, hours: int) -> Tensor:
        """Forecasts after ``hours`` hours from ``start`` on; the states move on with them."""
        network, series = self._recurrent, self.series
        assert isinstance(network, STGNN)
        nodes = torch.arange(len(series.own), device=series.device)
        starts = torch.full_like(nodes, start)
        pairs = series.pairs(nodes, starts + hours)
        part = slice(start, start + hours)
        calendar = network.calendar()
        weights, kernel = network.recurrent_weights(), backend_of(network, series).kernel
        if weights is not None and isinstance(kernel, FusedCpu):
            if self._stream is None:
                self._stream = FusedStream(kernel, weights, network.base(pairs), self._state)
            own, aggregate = (whole[:, part].T.contiguous() for whole in (series.own, series.aggregate))
            for hour in range(hours):
                season = None if calendar is None else calendar[series.slot[start + hour].long()]
                forecast = self._stream.step(own[hour], aggregate[hour], season)
            return forecast
        season = None if calendar is None else calendar[series.slot[part].long()].unsqueeze(0)
        own, aggregate = (whole[:, part].to(series.device) for whole in (series.own, series.aggregate))
        lifted = network.lift(own, aggregate, network.base(pairs), season)
        _, last = network.gru(lifted, self._state.unsqueeze(0))
        self._state = last[0]
        return network.output(last[0])

    def _hidden(self) -> int:
        assert isinstance(self._recurrent, STGNN)
        return self._recurrent.gru.hidden_size
