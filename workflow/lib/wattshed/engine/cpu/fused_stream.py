"""Streaming on the CPU, step by step; between calls the states stay in the kernel's memory layout."""

import torch
from torch import Tensor

from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.kernel_call import KernelCall, expect
from wattshed.engine.recurrent import RecurrentWeights


class FusedStream:
    """States of N nodes, advanced step by step.

    The last axis of arrays is the nodes, padded to whole vectors, so that no data is rearranged between hours. A
    stream uses the weights of its start: after more training, start a new one.
    """

    def __init__(
        self, kernel: FusedCpu, weights: RecurrentWeights, base: Tensor | None, state: Tensor
    ) -> None:
        """base: [N, L] or None, the same in all steps; state: [N, D] before the first step, copied."""
        self.nodes = len(state)
        self._lanes, self._step = kernel.lanes, kernel.library.fused_step
        self._tiles = -(-self.nodes // self._lanes)
        expect("state", state, self.nodes, kernel.hidden)
        expect("base", base, self.nodes, kernel.lift)
        self._lift = kernel.lift
        self._call = KernelCall(weights, kernel.hidden, kernel.lift)
        self._call.set(samples=self._tiles * self._lanes)
        self._state = self._filled(state.T)
        self._own, self._aggregate = (torch.zeros(self._tiles * self._lanes) for _ in range(2))
        self._call.give(
            base=None if base is None else self._filled(base.T),
            state=self._state,
            own=self._own,
            aggregate=self._aggregate,
        )

    @property
    def state(self) -> Tensor:
        """[N, D] after the last step; a copy."""
        return self._state[:, : self.nodes].T.clone(memory_format=torch.contiguous_format)

    def step(self, own: Tensor, aggregate: Tensor, season: Tensor | None = None) -> Tensor:
        """Scaled forecasts [N, H] after one more hour; own, aggregate: [N]; season: [L], of this hour's calendar."""
        expect("season", season, self._lift)
        self._own[: self.nodes] = own
        self._aggregate[: self.nodes] = aggregate
        self._call.give(calendar=season)
        forecast = self._call.output("forecast", self._call.problem.horizon, self._tiles * self._lanes)
        self._call.run(self._step, self._tiles, 1)
        return forecast[:, : self.nodes].T

    def _filled(self, rows: Tensor) -> Tensor:
        # Torch allocates at multiples of 64 bytes, which the kernel's vectors need.
        filled = torch.zeros(len(rows), self._tiles * self._lanes)
        filled[:, : self.nodes] = rows.detach()
        return filled
