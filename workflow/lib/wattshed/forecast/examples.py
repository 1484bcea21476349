"""Labelled examples as a network takes them, and all of a panel's. Shapes: B examples, L samples, R regions, C classes,
F features."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wattshed.data.connectivity import WindowFeatures
from wattshed.data.scaling import Scaler
from wattshed.engine.choice import Wanted
from wattshed.engine.series.residence import SERIES_SHARE, Residence, free_bytes
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault

# Examples of one call, so that a long part of a panel needs no more memory than a short one.
EXAMPLES_PER_CALL = 32


@dataclass(frozen=True)
class LabelledBatch:
    """Windows of series, each with the connectivity of its regions.

    series: float32 [B, L, R], z-scored per window and region, 0 where padded; known: bool [B, L], samples that were
    measured; a window's known samples come first. connectivity: float32 [B, R, R], correlations over the known samples;
    features: float32 [B, R, F] of each region.
    """

    series: Tensor
    known: Tensor
    connectivity: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, rows: Tensor | slice) -> "LabelledBatch":
        """The examples of these rows, int64 [M] on any device, or a slice, which shares the batch's memory."""
        if isinstance(rows, Tensor):
            rows = rows.to(self.series.device)
        return LabelledBatch(
            self.series[rows], self.known[rows], self.connectivity[rows], self.features[rows]
        )

    def to(self, device: torch.device) -> "LabelledBatch":
        return LabelledBatch(
            self.series.to(device),
            self.known.to(device),
            self.connectivity.to(device),
            self.features.to(device),
        )

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in (self.series, self.known, self.connectivity, self.features))

    @classmethod
    def of(cls, made: WindowFeatures) -> "LabelledBatch":
        """The same examples as tensors that share the arrays' memory."""
        return cls(
            torch.from_numpy(made.series),
            torch.from_numpy(made.known),
            torch.from_numpy(made.connectivity),
            torch.from_numpy(made.features),
        )


class ExampleResidence(Residence):
    """Where a panel's examples are stored: on the device if they fit, else in host memory, from which they are sent."""

    def __init__(
        self,
        indicators: np.ndarray,
        examples: LabelledBatch,
        device: torch.device,
        free: Callable[[torch.device], float] = free_bytes,
    ) -> None:
        """indicators: float32 [C, T], 1 for a row's class; examples: of all T rows."""
        super().__init__(indicators, indicators, device, free)
        self.examples = examples
        if self.streams:
            return
        needed, there = examples.nbytes, free(device)
        if needed > SERIES_SHARE * there:
            self.leave_device(
                f"the examples need {needed / 2**30:.3g} GiB, and {there / 2**30:.3g} GiB of {device} are free"
            )
            return
        try:
            self.examples = examples.to(device)
        except torch.cuda.OutOfMemoryError:
            # Another process has taken the memory that was free a moment ago.
            self.leave_device(f"{device} has no room for the examples' {needed / 2**30:.3g} GiB")

    def leave_device(self, reason: str) -> None:
        if not self.streams:
            self.examples = self.examples.to(torch.device("cpu"))
        super().leave_device(reason)

    def batch(self, rows: Tensor) -> LabelledBatch:
        """The examples of these rows [M] on the device. If it has no room, all examples move to host memory."""
        if not self.streams:
            try:
                return self.examples[rows]
            except torch.cuda.OutOfMemoryError:
                pass  # Retried below: outside this block the failed tensors are released.
            self.leave_device(f"{self.device} ran out of memory in gathering {len(rows):,} examples")
        return self.examples[rows].to(self.device)


@dataclass(frozen=True)
class ExampleSeries(ScaledSeries):
    """A panel of classes: as series the classes' indicators, unscaled, and for each row the example that it labels."""

    @classmethod
    def of_classes(cls, task: ForecastTask, device: torch.device, engine: Wanted = "auto") -> "ExampleSeries":
        """Raises :class:`Fault` for a panel of readings."""
        panel = task.panel
        if panel.windows is None:
            raise Fault(
                f"{panel.source}: the panel holds readings, and the network takes labelled windows; expected a source "
                "that gives such windows: change data.source or the model's form."
            )
        rows, classes = panel.values.shape
        indicators = np.ascontiguousarray(panel.values.T)
        return cls(
            ExampleResidence(indicators, LabelledBatch.of(task.examples), device),
            row_sum=torch.ones(classes, device=device),
            slot=torch.zeros(rows, dtype=torch.int32, device=device),
            scaler=Scaler(np.zeros(classes, dtype=np.float32), np.ones(classes, dtype=np.float32)),
            look_back_h=task.windows.look_back_h,
            engine=engine,
        )

    def batch(self, rows: Tensor) -> LabelledBatch:
        """The examples of these rows [M] of the panel, on the device."""
        assert isinstance(self.residence, ExampleResidence)
        return self.residence.batch(rows)

    def labels(self, rows: Tensor) -> Tensor:
        """1 for the class of each of these rows [M], 0 for the others [M, 1, C], on the device."""
        return self.own[:, rows.to(self.own.device)].T.unsqueeze(1).to(self.device)


def probabilities(network: torch.nn.Module, series: ExampleSeries, rows: Tensor) -> Tensor:
    """Probabilities of the classes [B, 1, C], float32 in host memory, a bounded number of examples at a time.

    network: gives logits [B, 1, C]; rows: int64 [B] of the panel.
    """
    parts = [
        torch.softmax(network(series.batch(some)).float(), dim=-1).cpu()
        for some in rows.split(EXAMPLES_PER_CALL)
    ]
    return torch.cat(parts) if parts else torch.empty(0, 1, len(series.own))
