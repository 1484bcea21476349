"""Kernels of the house's own code: drawing batches, aggregation over a graph, fits, and the fused recurrence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

import torch

from wattshed.calibration.drawing import (
    Case,
    Draw,
    Speed,
    differentiated,
    fitting,
    log_uniform,
    octave,
    values,
)
from wattshed.calibration.synthetic import World, random_adjacency
from wattshed.calibration.timing import Work
from wattshed.config.models.families import read_model
from wattshed.engine.series.residence import Residence
from wattshed.forecast.computing import compute, fused_loss
from wattshed.forecast.families.family import make_network
from wattshed.forecast.networks.reference import sparse_tensor
from wattshed.forecast.series import Pairs, ScaledSeries
from wattshed.law.operations import fits, products
from wattshed.law.operations.elementwise import moved
from wattshed.law.operations.kernels import fused_recurrence
from wattshed.law.operations.operation import Kind
from wattshed.law.operations.training import learned_by_kernel
from wattshed.training.batches.samplers import PairSampler

LOOK_BACKS_H = (12, 24, 48, 96, 168)
# A kernel computes rows in tiles: batches of fewer rows than training has would show half-filled ones alone.
LEAST_FUSED_ROWS = 32
HORIZON_H = 6


@lru_cache(maxsize=16)
def series_of(world: World, look_back_steps: int, device: torch.device) -> ScaledSeries:
    task = world.task(look_back_steps, HORIZON_H)
    return ScaledSeries.make(task, world.graph.adjacency, "node", device)


def _origins(world: World, look_back_steps: int) -> torch.Tensor:
    task = world.task(look_back_steps, HORIZON_H)
    return torch.from_numpy(task.origins(task.splits.train))


def _pairs(world: World, series: ScaledSeries, look_back_steps: int, count: int) -> Pairs:
    origins = _origins(world, look_back_steps)
    nodes = torch.randint(len(series.own), (count,)).to(series.device)
    return series.pairs(nodes, origins[torch.randint(len(origins), (count,))].to(series.device))


def house_kernels(world: World, fused_sizes: Sequence[int]) -> dict[str, Draw]:
    """fused_sizes: hidden units for which a kernel is compiled; empty where torch computes all networks."""

    def draw_targets(random: Random, speed: Speed, target_s: float) -> Case:
        rows = fitting(target_s * speed.byte_per_s, 32 * HORIZON_H, 8, speed.most_values // (8 * HORIZON_H))

        def build(device: torch.device) -> Work:
            series = series_of(world, LOOK_BACKS_H[0], device)
            sampler = PairSampler(series, world.panel.observed, HORIZON_H)
            origins = _origins(world, LOOK_BACKS_H[0])
            generator = torch.Generator().manual_seed(0)
            return Work(lambda: sampler.batch(sampler.draw(rows, origins, generator)))

        operation = moved(2 * rows * HORIZON_H, kind=Kind.BATCH, gradient=False)
        return Case("targets", (operation,), f"targets {octave(rows)}", build)

    def draw_histories(random: Random, speed: Speed, target_s: float) -> Case:
        look_back_steps = random.choice(LOOK_BACKS_H)
        rows = fitting(
            target_s * speed.byte_per_s, 16 * look_back_steps, 8, speed.most_values // (8 * look_back_steps)
        )

        def build(device: torch.device) -> Work:
            series = series_of(world, look_back_steps, device)
            pairs = _pairs(world, series, look_back_steps, rows)
            first = pairs.origins - look_back_steps
            residence: Residence = series.residence
            return Work(lambda: residence.windows("own", pairs.nodes, first, look_back_steps))

        operation = moved(rows * look_back_steps, kind=Kind.HISTORIES, gradient=False)
        return Case("histories", (operation,), f"histories {look_back_steps}", build)

    return {
        "targets": draw_targets,
        "histories": draw_histories,
        **HOUSE,
        **(_fused(world, fused_sizes) if fused_sizes else {}),
    }


def _fused(world: World, sizes: Sequence[int]) -> dict[str, Draw]:
    def sizes_of(random: Random, speed: Speed, target_s: float, share: float) -> tuple[int, int, int]:
        hidden, look_back_steps = random.choice(sizes), random.choice(LOOK_BACKS_H)
        each = fused_recurrence(1, look_back_steps, hidden, hidden, HORIZON_H)
        rows = fitting(target_s * speed.flop_per_s * share, each.flops, LEAST_FUSED_ROWS, 16_384)
        return hidden, look_back_steps, rows

    def network_and_pairs(
        hidden: int, look_back_steps: int, rows: int, device: torch.device
    ) -> tuple[torch.nn.Module, Pairs]:
        block = read_model({"form": "gru", "recipe": "r", "hidden": hidden})
        task = world.task(look_back_steps, HORIZON_H)
        network = make_network(block, task.windows, world.graph.adjacency, 0).to(device)
        return network, _pairs(world, series_of(world, look_back_steps, device), look_back_steps, rows)

    def draw_training(random: Random, speed: Speed, target_s: float) -> Case:
        hidden, look_back_steps, rows = sizes_of(random, speed, target_s, 0.15)

        def build(device: torch.device) -> Work:
            network, pairs = network_and_pairs(hidden, look_back_steps, rows, device)
            target = torch.randn(rows, HORIZON_H, device=device)
            observed = torch.rand(rows, HORIZON_H, device=device) > 0.1
            weights = list(network.parameters())

            def learned() -> object:
                loss = fused_loss(network, pairs, target, observed, "huber")  # type: ignore[arg-type]
                assert loss is not None
                return torch.autograd.grad(loss, weights)

            return Work(learned)

        operation = learned_by_kernel(fused_recurrence(rows, look_back_steps, hidden, hidden, HORIZON_H))
        return Case("fused_training", (operation,), f"{look_back_steps} {octave(rows)}", build)

    def draw_forecast(random: Random, speed: Speed, target_s: float) -> Case:
        hidden, look_back_steps, rows = sizes_of(random, speed, target_s, 0.5)

        def build(device: torch.device) -> Work:
            network, pairs = network_and_pairs(hidden, look_back_steps, rows, device)

            def forecast() -> object:
                with torch.no_grad():
                    return compute(network, pairs)  # type: ignore[arg-type]

            return Work(forecast)

        operation = fused_recurrence(rows, look_back_steps, hidden, hidden, HORIZON_H)
        return Case("fused_forecast", (operation,), f"{look_back_steps} {octave(rows)}", build)

    return {"fused_training": draw_training, "fused_forecast": draw_forecast}


def draw_graph(random: Random, speed: Speed, target_s: float) -> Case:
    nodes, neighbours = log_uniform(random, 16, 2048), random.choice((2, 4, 8, 16))
    adjacency = random_adjacency(nodes, neighbours, random.randrange(2**31))
    channels = fitting(
        target_s * speed.byte_per_s, 8 * adjacency.nnz, 1, max(1, speed.most_values // (4 * nodes))
    )
    # Of series no gradient is needed; of lifted values it is.
    learned = random.random() < 0.7

    def build(device: torch.device) -> Work:
        rows = sparse_tensor(adjacency).to(device)
        read = values(nodes, channels, device=device, learned=learned)
        if not learned:
            return Work(lambda: torch.sparse.mm(rows, read))
        return differentiated(lambda: torch.sparse.mm(rows, read), [read])

    operation = products.graph_aggregation(adjacency.nnz, nodes, channels, gradient=learned)
    return Case("graph_aggregation", (operation,), octave(nodes), build)


def draw_sums(random: Random, speed: Speed, target_s: float) -> Case:
    """Sums of squares in float64, as a fit makes them."""
    features = log_uniform(random, 8, 256)
    rows = fitting(target_s * speed.flop_per_s / 2, 2 * features**2, 16, speed.most_values // (4 * features))

    def build(device: torch.device) -> Work:
        read = torch.randn(rows, features, device=device)

        def sums() -> torch.Tensor:
            double = read.double()
            return double.T @ double

        return Work(sums)

    return Case("sums", (fits.gram(rows, features, 1)[0],), f"sums {octave(features)}", build)


def draw_solution(random: Random, speed: Speed, target_s: float) -> Case:
    features = fitting((target_s * speed.flop_per_s) ** (1 / 3), 1, 8, 512)
    features = max(8, round(features * random.uniform(0.5, 1)))

    def build(device: torch.device) -> Work:
        root = torch.randn(features, features, dtype=torch.float64, device=device)
        system = root @ root.T + features * torch.eye(features, dtype=torch.float64, device=device)
        right = torch.randn(features, HORIZON_H, dtype=torch.float64, device=device)
        return Work(lambda: torch.linalg.solve(system, right))

    return Case("solution", (fits.solved(features, HORIZON_H),), f"solution {octave(features)}", build)


HOUSE: Mapping[str, Draw] = {
    "graph_aggregation": draw_graph,
    "sums": draw_sums,
    "solution": draw_solution,
}
