"""What to report about a batch whose loss is not finite."""

import math
from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import Pairs, Sequences
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch, Batches, grouped
from wattshed.training.resume import ResumeFile

SHOWN = 3


def not_a_number(
    title: str,
    losses: Tensor,
    epoch: int,
    task: ForecastTask,
    batches: Batches,
    accumulate: int,
    resume: ResumeFile,
) -> Fault:
    """The fault for an epoch's first step whose loss is not finite; its batches are drawn again to be named.

    losses: [steps].
    """
    step = int((~losses.isfinite()).nonzero()[0])
    group = next(islice(grouped(batches.epoch(epoch), accumulate), step, None))
    position, extremes = describe_extremes(group, task)
    return Fault(
        f"{title}: the loss is not finite at epoch {epoch}, batch {step * accumulate + position + 1}, whose largest "
        f"scaled values are those of {extremes}: expected a number; look for implausible values there in the panel "
        f"(quality.parquet), or lower the recipe's learning_rate or clip_norm{say_kept(resume)}."
    )


def say_kept(resume: ResumeFile) -> str:
    return f" (the best weights so far are kept in {resume.path})" if resume.exists() else ""


def describe_extremes(batches: Sequence[Batch], task: ForecastTask) -> tuple[int, str]:
    """Index of the batch with the largest scaled value, and a text of its largest (node, first target step) pairs."""
    sizes = [pair_sizes(batch) for batch in batches]
    worst = max(range(len(batches)), key=lambda index: max((size for size, _, _ in sizes[index]), default=0))
    largest = sorted(sizes[worst], key=lambda pair: -pair[0])[:SHOWN]
    text = ", ".join(
        f"{task.panel.node_names[node]} at {task.panel.times[origin]} (up to {size:.3g})"
        for size, node, origin in largest
    )
    return worst, text


def pair_sizes(batch: Batch) -> list[tuple[float, int, int]]:
    """For each pair of a batch: largest absolute scaled value of history and target, node, origin."""
    if batch.origins is None:
        return []
    first = batch.inputs[0]
    if isinstance(first, Sequences):
        first = first.pairs
    if isinstance(first, LabelledBatch):
        largest = _size(first.series).amax(dim=(1, 2))
        classes = batch.target.argmax(dim=-1).flatten()
        return list(zip(largest.tolist(), classes.tolist(), batch.origins.tolist(), strict=True))
    if not isinstance(first, Pairs):
        return _window_sizes(batch, first, batch.origins)
    if batch.nodes is None:
        return []
    count = len(first)
    parts = (first.own, first.aggregate, batch.target.reshape(count, -1))
    largest = torch.stack([_size(part.reshape(count, -1)).amax(dim=1) for part in parts]).amax(dim=0)
    return list(zip(largest.tolist(), batch.nodes.tolist(), batch.origins.tolist(), strict=True))


def _window_sizes(batch: Batch, history: Tensor, origins: Tensor) -> list[tuple[float, int, int]]:
    """All nodes of a window count: nodes without a loss are inputs of their neighbours."""
    largest = _size(history).amax(dim=1)
    learned = slice(None) if batch.nodes is None else batch.nodes
    largest[:, learned] = torch.maximum(largest[:, learned], _size(batch.target).amax(dim=1))
    return [
        (size, node, origin)
        for row, origin in zip(largest.tolist(), origins.tolist(), strict=True)
        for node, size in enumerate(row)
    ]


def _size(values: Tensor) -> Tensor:
    return values.detach().abs().nan_to_num(nan=math.inf, posinf=math.inf)
