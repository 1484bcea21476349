"""What a teacher forecasts from all hours of a part, made once, so that any student can learn from any teacher."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from torch import Tensor

from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.neural import NeuralForecaster
from wattshed.training.batches.drawing import Batch

# A larger table is kept in a temporary file.
MEMORY_LIMIT_BYTES = 1 << 30
PAIRS_PER_BLOCK = 1 << 18


class TeacherForecasts:
    """Scaled forecasts [B, N, H] of all nodes, float32; B: every hour from the first origin to the last."""

    def __init__(
        self, teacher: NeuralForecaster, origins: np.ndarray, memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    ) -> None:
        """origins: int64 [B], ascending. The teacher's back end computes them, in its own way of forecasting."""
        self._first = int(origins[0])
        every = np.arange(self._first, int(origins[-1]) + 1)
        nodes = len(teacher.series.own)
        shape = (len(every), nodes, teacher.horizon_steps)
        in_memory = 4 * int(np.prod(shape)) <= memory_limit_bytes
        step = max(1, PAIRS_PER_BLOCK // nodes)
        blocks = (every[start : start + step] for start in range(0, len(every), step))
        scaled = (_scaled(teacher, block) for block in blocks)
        if in_memory:
            self._table = np.concatenate(list(scaled))
            return
        # The file has no name, and is gone when nothing uses it any more.
        with tempfile.TemporaryFile() as file:
            for part in scaled:
                file.write(part.data)
            file.flush()
            self._table = np.memmap(file, np.float32, mode="r", shape=shape)

    def of(self, batch: Batch) -> Tensor:
        """The forecasts of a batch's examples, in the shape of its target and on its device."""
        assert batch.origins is not None
        rows = batch.origins.cpu().numpy() - self._first
        nodes = None if batch.nodes is None else batch.nodes.cpu().numpy()
        if isinstance(batch.inputs[0], Tensor | LabelledBatch):
            # Whole windows: every node, or some, at every origin.
            known = self._table[rows] if nodes is None else self._table[rows][:, nodes]
            found = torch.from_numpy(np.ascontiguousarray(known.transpose(0, 2, 1)))
        else:
            found = torch.from_numpy(np.asarray(self._table[rows, nodes]))
        return found.reshape(batch.target.shape).to(batch.target.device, batch.target.dtype)


def _scaled(teacher: NeuralForecaster, origins: np.ndarray) -> np.ndarray:
    """[B, N, H], contiguous."""
    forecast = teacher.series.scaler.scale(teacher.forecast(origins))
    return np.ascontiguousarray(forecast.transpose(0, 2, 1), dtype=np.float32)
