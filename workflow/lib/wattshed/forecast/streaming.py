"""Forecasts step by step, with one advance of the network per new step instead of a whole window."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.fused_stream import FusedStream
from wattshed.forecast.computing import backend_of
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.series import ScaledSeries, Sequences
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import WEEK_H
from wattshed.foundation.tensor_file import read_tensors, write_tensors

# After a run-in of this length, a state that started at zero equals an uninterrupted one (a test checks it).
RUN_IN_H = WEEK_H


def run_in_steps(series: ScaledSeries) -> int:
    """Steps of the panel in a run-in."""
    return RUN_IN_H * series.steps_per_hour


class StreamingForecaster(NeuralForecaster):
    """A network whose state is carried from hour to hour.

    Only for networks that were trained on sequences: a network trained on windows, which start from zero, is worse
    when it streams, because it was not trained with older states.
    """

    def __init__(self, network: Network, series: ScaledSeries, horizon_steps: int) -> None:
        """Raises :class:`Fault` for a network without a state."""
        super().__init__(network, series, horizon_steps)
        if not network.state_units():
            raise Fault(
                f"{type(network).__name__} has no state to carry from hour to hour and cannot stream: "
                "expected a model of the family stgnn, gru or lstm, trained on sequences; choose another family or "
                "another sampling."
            )
        self._next_step: int | None = None
        self._state = torch.zeros(0)
        # A kernel keeps the states in its own order until they are requested.
        self._stream: FusedStream | None = None
        self._calendar: Tensor | None = None

    def of(self, network: Network) -> "StreamingForecaster":
        """Another network on the same series."""
        return StreamingForecaster(network, self.series, self.horizon_steps)

    @torch.no_grad()
    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Forecast [B, H, N] in the panel's unit; origins: ascending.

        The states get a run-in before the first origin; then every step is read once.
        """
        if (np.diff(origins) < 0).any():
            raise ValueError("a stream cannot go back: origins must ascend")
        self.network.eval()
        result = np.empty((len(origins), self.horizon_steps, len(self.series.own)), dtype=np.float32)
        if len(origins):
            self.start(int(origins[0]) - run_in_steps(self.series))
        for row, origin in enumerate(origins):
            result[row] = self.advance_to(int(origin)).T.cpu().numpy()
        return self.series.scaler.unscale(result)

    def start(self, step: int) -> None:
        """Start with zero states before ``step`` (or before the first step), and with the current weights."""
        nodes, units = len(self.series.own), self.network.state_units()
        self._next_step = max(0, step)
        self._state = torch.zeros(nodes, units, device=self.series.device)
        self._stream = None

    @torch.no_grad()
    def advance_to(self, origin: int) -> Tensor:
        """Read all steps before ``origin`` that were not read yet; scaled forecasts [N, H] from ``origin`` on."""
        if self._next_step is None or origin <= self._next_step:
            # These steps were already read. States cannot go back, so the stream starts again.
            self.start(origin - run_in_steps(self.series))
        assert self._next_step is not None
        nodes = torch.arange(len(self.series.own), device=self.series.device)
        learned = self._read(nodes, self._next_step, origin - self._next_step)
        self._next_step = origin
        solved = self.network.solved_forecast(self.series.pairs(nodes, torch.full_like(nodes, origin)))
        return learned if solved is None else learned + solved

    def write_state(self, path: Path | str) -> None:
        """Write the states, so that another process can continue from them."""
        state = self._state if self._stream is None else self._stream.state
        write_tensors(
            path, {"state": state.cpu().numpy()}, {"next_hour": self._next_step}, kind="stream state"
        )

    def read_state(self, path: Path | str) -> None:
        """Continue from written states; raises :class:`Fault` if they belong to another network or panel."""
        tensors, about = read_tensors(path, kind="stream state", keys=("next_hour",))
        expected = [len(self.series.own), self.network.state_units()]
        found = list(tensors["state"].shape)
        if found != expected:
            raise Fault(
                f"{path} holds states of shape {found} (nodes, units), but this network and panel have {expected}: "
                "start the stream again."
            )
        self._state = torch.from_numpy(tensors["state"]).to(self.series.device)
        self._stream = None
        self._next_step = about["next_hour"]

    def _read(self, nodes: Tensor, start: int, steps: int) -> Tensor:
        """Learned forecasts [N, H] after ``steps`` steps from ``start`` on; advances the states by these steps."""
        network, series = self.network, self.series
        starts = torch.full_like(nodes, start)
        weights, kernel = network.kernel_weights(), backend_of(network, series).kernel
        if weights is None or not isinstance(kernel, FusedCpu):
            sequences = Sequences(series, nodes, starts, steps, steps - 1)
            forecast, self._state = network.advance(sequences, self._state)
            return forecast
        if self._stream is None:
            additions = network.additions(series.pairs(nodes, starts + steps))
            self._stream = FusedStream(kernel, weights, additions.base, self._state)
            self._calendar = additions.calendar
        part = slice(start, start + steps)
        own, aggregate = (whole[:, part].T.contiguous() for whole in (series.own, series.aggregate))
        for step in range(steps):
            season = None if self._calendar is None else self._calendar[series.slot[start + step].long()]
            forecast = self._stream.step(own[step], aggregate[step], season)
        return forecast
