"""Labelled examples as a network takes them, and all of a panel's. Shapes: B examples, L samples, R regions, C classes,
F features."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from wattshed.data.connectivity import WindowParts
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
    measured; a window's known samples come first; None where all windows of the panel are whole, so that networks need
    no masks. connectivity: float32 [B, R, R], correlations over the known samples; features: float32 [B, R, F] of each
    region.
    """

    series: Tensor
    known: Tensor | None
    connectivity: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, rows: Tensor | slice) -> "LabelledBatch":
        """The examples of these rows, int64 [M] on any device, or a slice, which shares the batch's memory."""
        if isinstance(rows, Tensor):
            rows = rows.to(self.series.device)
        known = None if self.known is None else self.known[rows]
        return LabelledBatch(self.series[rows], known, self.connectivity[rows], self.features[rows])

    def to(self, device: torch.device) -> "LabelledBatch":
        known = None if self.known is None else self.known.to(device)
        return LabelledBatch(
            self.series.to(device), known, self.connectivity.to(device), self.features.to(device)
        )


@dataclass(frozen=True)
class StoredExamples:
    """The examples of all T rows of a panel, with each series stored once; windows are gathered for each batch.

    Overlapping windows would take their overlap as often. raw: float32 [samples, R]; starts, lengths: int64 [T]; mean,
    scale: float32 [T, R], of the z-score of a sample, (sample - mean) * scale; connectivity: float32 [T, R, R];
    features: float32 [T, R, F]; length: L, to which windows are padded; padded: whether any of them is shorter.
    """

    raw: Tensor
    starts: Tensor
    lengths: Tensor
    mean: Tensor
    scale: Tensor
    connectivity: Tensor
    features: Tensor
    length: int
    padded: bool

    @classmethod
    def of(cls, parts: WindowParts) -> "StoredExamples":
        """The same as tensors that share the arrays' memory."""
        arrays = {
            "raw": parts.series,
            **{name: getattr(parts, name) for name in ("starts", "lengths", "mean", "scale")},
            **{name: getattr(parts, name) for name in ("connectivity", "features")},
        }
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        return cls(**tensors, length=parts.length, padded=parts.padded)

    @property
    def tensors(self) -> dict[str, Tensor]:
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, Tensor)}

    @property
    def nbytes(self) -> int:
        return sum(part.nbytes for part in self.tensors.values())

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: Tensor) -> LabelledBatch:
        """The examples of these rows, int64 [M] on any device."""
        rows = rows.to(self.raw.device)
        places = torch.arange(self.length, device=self.raw.device)
        samples, known = self.starts[rows].unsqueeze(1) + places, None
        if self.padded:
            known = places < self.lengths[rows].unsqueeze(1)
            samples = torch.where(known, samples, 0)
        series = self.raw[samples].sub_(self.mean[rows].unsqueeze(1)).mul_(self.scale[rows].unsqueeze(1))
        if known is not None:
            series.masked_fill_(~known.unsqueeze(-1), 0.0)
        return LabelledBatch(series, known, self.connectivity[rows], self.features[rows])

    def to(self, device: torch.device) -> "StoredExamples":
        tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return StoredExamples(**tensors, length=self.length, padded=self.padded)


class ExampleResidence(Residence):
    """Where a panel's examples are stored: on the device if they fit, else in host memory, from which they are sent."""

    def __init__(
        self,
        indicators: np.ndarray,
        examples: StoredExamples,
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
            ExampleResidence(indicators, StoredExamples.of(task.examples), device),
            row_sum=torch.ones(classes, device=device),
            slot=torch.zeros(rows, dtype=torch.int32, device=device),
            scaler=Scaler(np.zeros(classes, dtype=np.float32), np.ones(classes, dtype=np.float32)),
            look_back_steps=task.windows.look_back_steps,
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
