"""Scaled series and their neighbours' aggregate, made once; windows are indices into them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from wattshed.data.scaling import Scaler, fit_scaler
from wattshed.data.similarity import hour_of_week
from wattshed.engine.choice import Wanted
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.recurrent import Windows
from wattshed.engine.series.residence import Residence
from wattshed.engine.series.series_files import make_series
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.hours import DAY_H, WEEK_H


@dataclass(frozen=True)
class ScaledSeries:
    """Scaled series, node by node, and their neighbours' aggregate.

    residence: holds both, float32 [N, T], contiguous, on the device or in host memory; row_sum: [N], the row sums of
    the normalised adjacency; slot: int32 [T], hour of the local week in which each step
    begins (Monday 0:00 is 0), the row of a calendar; engine: which back end may
    compute networks on them; kernel: in place of the engine's choice, None for that choice; steps_per_hour: of the
    panel.
    """

    residence: Residence
    row_sum: Tensor
    slot: Tensor
    scaler: Scaler
    look_back_steps: int
    engine: Wanted = "auto"
    kernel: FusedCpu | None = None
    steps_per_hour: int = 1

    @classmethod
    def make(
        cls,
        task: ForecastTask,
        adjacency: sp.csr_array,
        scaling: Literal["panel", "node"],
        device: torch.device,
        engine: Wanted = "auto",
        memory_limit_bytes: float | None = None,
    ) -> "ScaledSeries":
        """memory_limit_bytes: see :func:`make_series`, which keeps larger series in files."""
        panel = task.panel
        scaler = fit_scaler(panel.values, panel.observed, task.splits.train, scaling)
        own, aggregate = make_series(task.filled, adjacency, scaler.scale, memory_limit_bytes)
        row_sum = np.asarray(adjacency.sum(axis=1), dtype=np.float32).reshape(-1)
        return cls(
            Residence(own, aggregate, device),
            torch.from_numpy(row_sum).to(device),
            torch.from_numpy(hour_of_week(panel).astype(np.int32)).to(device),
            scaler,
            task.windows.look_back_steps,
            engine,
            steps_per_hour=panel.steps_per_hour,
        )

    @property
    def own(self) -> Tensor:
        """Scaled series [N, T], on the device or in host memory."""
        return self.residence.own

    @property
    def aggregate(self) -> Tensor:
        """The neighbours' aggregate [N, T], on the device or in host memory."""
        return self.residence.aggregate

    @property
    def device(self) -> torch.device:
        """Where networks work on windows of the series."""
        return self.residence.device

    @property
    def steps_per_day(self) -> int:
        """Steps of the panel in 24 hours."""
        return DAY_H * self.steps_per_hour

    @property
    def steps_per_week(self) -> int:
        """Steps of the panel in 168 hours."""
        return WEEK_H * self.steps_per_hour

    @cached_property
    def panel_mean(self) -> Tensor:
        """Mean of all nodes' scaled series [T], on the device."""
        return self.own.mean(dim=0).to(self.device)

    def pairs(self, nodes: Tensor, origins: Tensor) -> "Pairs":
        """(node, first target step) pairs [M]."""
        return Pairs(self, nodes, origins)

    def window(self, origin: int) -> Tensor:
        """Input of the reference network for one origin [1, W, N], on the device."""
        return self.steps(origin - self.look_back_steps, self.look_back_steps).unsqueeze(0)

    def steps(self, start: int, length: int) -> Tensor:
        """All nodes' scaled steps from ``start`` on [length, N], on the device."""
        return self.own[:, start : start + length].T.to(self.device)


@dataclass(frozen=True)
class Pairs:
    """M (node, window) pairs of the series: nodes [M] and origins [M], the windows' first target steps.

    Only indices are stored; the windows' values are gathered on request.
    """

    series: ScaledSeries
    nodes: Tensor
    origins: Tensor

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, place: slice) -> "Pairs":
        return Pairs(self.series, self.nodes[place], self.origins[place])

    @property
    def windows(self) -> Windows:
        """The same pairs for a kernel that reads the series itself."""
        series = self.series
        return Windows(
            series.own,
            series.aggregate,
            self.nodes,
            self.origins - series.look_back_steps,
            series.look_back_steps,
            series.slot,
        )

    @cached_property
    def own(self) -> Tensor:
        """Look-backs [M, W]."""
        look_back = self.series.look_back_steps
        return self.series.residence.windows("own", self.nodes, self.origins - look_back, look_back)

    @cached_property
    def aggregate(self) -> Tensor:
        """The neighbours' look-backs [M, W]."""
        look_back = self.series.look_back_steps
        return self.series.residence.windows("aggregate", self.nodes, self.origins - look_back, look_back)

    @cached_property
    def row_sum(self) -> Tensor:
        """Row sums of the adjacency [M]."""
        return self.series.row_sum[self.nodes]

    @cached_property
    def slots(self) -> Tensor:
        """Hour of the local week of each step of the look-backs [M, W]."""
        look_back = self.series.look_back_steps
        return self.series.slot.unfold(0, look_back, 1)[self.origins - look_back]

    def targets(self, horizon_steps: int) -> Tensor:
        """The target steps [M, H], scaled."""
        return self.series.residence.windows("own", self.nodes, self.origins, horizon_steps)


@dataclass(frozen=True)
class Sequences:
    """M stretches of ``length_steps`` steps: nodes [M], starts [M]; a forecast follows all but the first
    ``burn_in_steps``."""

    series: ScaledSeries
    nodes: Tensor
    starts: Tensor
    length_steps: int
    burn_in_steps: int

    def __getitem__(self, place: slice) -> "Sequences":
        return replace(self, nodes=self.nodes[place], starts=self.starts[place])

    @cached_property
    def own(self) -> Tensor:
        """[M, L]."""
        return self.series.residence.windows("own", self.nodes, self.starts, self.length_steps)

    @cached_property
    def aggregate(self) -> Tensor:
        """[M, L]."""
        return self.series.residence.windows("aggregate", self.nodes, self.starts, self.length_steps)

    @cached_property
    def slots(self) -> Tensor:
        """Hour of the local week [M, L]."""
        return self.series.slot.unfold(0, self.length_steps, 1)[self.starts]

    @cached_property
    def pairs(self) -> Pairs:
        """The (node, first target step) pairs of all forecasts, sequence by sequence [M * (L - burn in)]."""
        after = torch.arange(self.burn_in_steps + 1, self.length_steps + 1, device=self.starts.device)
        origins = (self.starts[:, None] + after).flatten()
        return Pairs(self.series, self.nodes.repeat_interleave(len(after)), origins)
