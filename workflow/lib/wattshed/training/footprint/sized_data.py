"""Networks, series and batches that have sizes but no values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from wattshed.engine.series.residence import Residence
from wattshed.forecast.examples import ExampleResidence, ExampleSeries, StoredExamples
from wattshed.forecast.networks.reference import sparse_tensor
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.training.batches.drawing import Batch
from wattshed.training.batches.making import make_sampler
from wattshed.training.footprint.sizes import FEATURES

if TYPE_CHECKING:
    from torch._subclasses.fake_tensor import FakeTensorMode

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.data.scaling import Scaler
    from wattshed.engine.cpu.fused_cpu import FusedCpu
    from wattshed.forecast.network import Network
    from wattshed.forecast.protocol import ForecastTask
    from wattshed.training.footprint.sizes import TaskSizes

# From which a batch draws, at most.
ORIGINS = 100_000


class SizedResidence(Residence):
    """Both series without values, on the device."""

    def __init__(self, nodes: int, hours: int, device: torch.device) -> None:
        self.device = device
        self.streams_because = None
        self.own, self.aggregate = (torch.empty(nodes, hours, device=device) for _ in range(2))


@dataclass(frozen=True)
class _SizedPanel:
    observed: np.ndarray


@dataclass(frozen=True)
class _SizedTask:
    """What samplers ask of a task."""

    panel: _SizedPanel
    windows: WindowsBlock


def sized_adjacency(rows: int, nodes: int, edges: int) -> sp.csr_array:
    """A matrix [rows, nodes] with this many entries, spread evenly over the rows."""
    edges = min(edges, rows * nodes)
    counts = np.full(rows, edges // rows)
    counts[: edges % rows] += 1
    starts = np.concatenate([[0], np.cumsum(counts)])
    columns = np.arange(edges) - np.repeat(starts[:-1], counts)
    return sp.csr_array(
        (np.ones(edges, dtype=np.float32), columns.astype(np.int64), starts.astype(np.int64)),
        shape=(rows, nodes),
    )


def without_values(network: Network, mode: FakeTensorMode, device: torch.device) -> Network:
    """The network, changed in place: its weights and buffers have sizes alone. Sparse buffers stay as they are."""
    made: dict[int, Tensor] = {}
    for module in network.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            if id(parameter) not in made:
                fake = _sized(parameter.detach(), mode, device)
                made[id(parameter)] = nn.Parameter(fake, parameter.requires_grad)
            # As an attribute, so that recurrent layers renew their list of flat weights.
            setattr(module, name, made[id(parameter)])
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.layout == torch.strided:
                if id(buffer) not in made:
                    made[id(buffer)] = _sized(buffer, mode, device)
                setattr(module, name, made[id(buffer)])
    return network


def _sized(tensor: Tensor, mode: FakeTensorMode, device: torch.device) -> Tensor:
    fake = mode.from_tensor(tensor)
    return fake if fake.device == device else fake.to(device)


class SizedExamples(ExampleResidence):
    """Indicators of classes and labelled windows without values, on the device."""

    def __init__(self, sizes: TaskSizes, length: int, device: torch.device) -> None:
        rows, regions, classes = sizes.steps, sizes.regions, sizes.nodes
        self.device = device
        self.streams_because = None
        # The indicators are one array under both names, as where they are real.
        self.own = self.aggregate = torch.empty(classes, rows, device=device)
        self.examples = StoredExamples(
            raw=torch.empty(sizes.samples or rows * length, regions, device=device),
            starts=torch.empty(rows, dtype=torch.int64, device=device),
            lengths=torch.empty(rows, dtype=torch.int64, device=device),
            mean=torch.empty(rows, regions, device=device),
            scale=torch.empty(rows, regions, device=device),
            connectivity=torch.empty(rows, regions, regions, device=device),
            features=torch.empty(rows, regions, FEATURES, device=device),
            length=length,
            padded=sizes.padded,
        )


def sized_series(
    sizes: TaskSizes, windows: WindowsBlock, device: torch.device, kernel: FusedCpu | None
) -> ScaledSeries:
    """Series of the task's sizes, or labelled windows where it has regions; call it in the fake mode. kernel: None
    where torch computes."""
    if sizes.regions:
        residence = SizedExamples(sizes, windows.look_back_steps, device)
        return ExampleSeries(
            residence,
            torch.empty(sizes.nodes, device=device),
            torch.empty(sizes.steps, dtype=torch.int32, device=device),
            cast("Scaler", None),
            windows.look_back_steps,
            "torch",
        )
    return ScaledSeries(
        SizedResidence(sizes.nodes, sizes.steps, device),
        torch.empty(sizes.nodes, device=device),
        torch.empty(sizes.steps, dtype=torch.int32, device=device),
        cast("Scaler", None),
        windows.look_back_steps,
        "torch",
        kernel,
        windows.steps_per_hour,
    )


def sized_batches(
    recipe: RecipeBlock,
    windows: WindowsBlock,
    sizes: TaskSizes,
    series: ScaledSeries,
    network: Network,
) -> tuple[list[Batch], list[Tensor]]:
    """The batches of one gradient step, and what the sampler keeps beside them; call it outside of the fake mode."""
    # Rows of labelled windows have no hours before them.
    first, last = (
        (0, sizes.steps)
        if sizes.regions
        else (windows.look_back_steps, sizes.steps - windows.horizon_steps + 1)
    )
    # A batch has the same size whichever origins it draws.
    origins = torch.arange(first, min(max(last, first + 1), first + ORIGINS))
    generator = torch.Generator().manual_seed(0)
    # Zeros that are never read take addresses and no memory; [N, T] in memory, as samplers keep it, is not copied.
    try:
        observed = np.zeros((sizes.nodes, sizes.steps), dtype=bool).T
    except (MemoryError, ValueError) as error:
        raise Fault(
            f"a panel of {sizes.nodes:,} nodes and {sizes.steps:,} steps has no room in this machine's addresses: "
            "expected a size that a machine can hold; correct the nodes or the hours."
        ) from error
    task = cast("ForecastTask", _SizedTask(_SizedPanel(observed), windows))
    sampler = make_sampler(recipe, task, series)
    kept = [value for value in vars(sampler).values() if isinstance(value, Tensor)]
    batches = []
    for _ in range(recipe.accumulate):
        examples = sampler.draw(recipe.batch, origins, generator)
        # Outside of the fake mode, in which the examples' indices could not be read: the series are fake themselves.
        batch = sampler.batch(examples)
        if recipe.sampling == "windows" and network.sampled_adjacency() is not None:
            batch = _on_a_part(batch, recipe, sizes)
        batches.append(batch)
    return batches, kept


def _on_a_part(batch: Batch, recipe: RecipeBlock, sizes: TaskSizes) -> Batch:
    """On a sample of edges and nodes of the mean size, where the recipe asks for one."""
    from wattshed.law.operations.sizes import sampled_edges

    nodes = max(1, round(recipe.node_keep_share * sizes.nodes))
    edges = sampled_edges(recipe, sizes.nodes, sizes.edges, nodes)
    if edges is None:
        return batch
    rows = sparse_tensor(sized_adjacency(nodes, sizes.nodes, edges))
    target, seen = batch.target, batch.observed
    if nodes < sizes.nodes:
        target, seen = (values.new_empty(*values.shape[:-1], nodes) for values in (target, seen))
    return replace(batch, inputs=(*batch.inputs, rows), target=target, observed=seen)


def tensors_of_series(series: ScaledSeries) -> list[Tensor]:
    """All tensors of the data that stay on the device."""
    found = [series.own, series.aggregate, series.row_sum, series.slot]
    if isinstance(series.residence, ExampleResidence):
        found += list(series.residence.examples.tensors.values())
    return found


def tensors_of(batch: Batch) -> list[Tensor]:
    """All tensors that a batch holds before it is computed."""
    found = [batch.target, batch.observed]
    found += [one for one in (batch.nodes, batch.origins) if one is not None]
    for given in batch.inputs:
        held = [given] if isinstance(given, Tensor) else list(vars(given).values())
        found += [one for one in held if isinstance(one, Tensor)]
    return found
