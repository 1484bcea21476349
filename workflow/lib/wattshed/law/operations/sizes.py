"""Sizes of a recipe's batches, from the configuration and the panel's size alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wattshed.law.operations.forward import BatchSizes
from wattshed.law.operations.operation import expect_sizes

if TYPE_CHECKING:
    from wattshed.config.data.data import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock

Engine = Literal["torch", "fused_cpu", "fused_cuda"]
ENGINES: tuple[Engine, ...] = ("torch", "fused_cpu", "fused_cuda")
# Pairs that a network forecasts in one pass, and hours that a stream reads before its first forecast; tests hold them
# equal to forecast/neural.py and forecast/streaming.py.
PAIRS_PER_PASS = 16_384
RUN_IN_H = 168


def engine_of(wanted: str, device: str) -> Engine:
    """What computes a network that a kernel takes: by the study's key ``engine`` and the device.

    That a machine has no C compiler, or no Triton, is only known where the kernel is made; torch computes there.
    """
    if wanted == "torch":
        return "torch"
    return "fused_cuda" if device.startswith("cuda") else "fused_cpu" if device == "cpu" else "torch"


def batch_sizes(
    windows: WindowsBlock, recipe: RecipeBlock, nodes: int, edges: int, engine: str
) -> BatchSizes:
    """Sizes of one training batch.

    nodes, edges: of the panel and its graph, with self loops; engine: see :func:`engine_of`. Pairs and sequences are
    rows; whole windows give ``nodes`` rows each. A network trained on sequences is computed by torch, as is one in half
    precision.
    """
    expect_sizes("the panel", nodes=nodes)
    expect_sizes("the panel", least=0, edges=edges)
    chosen = known_engine(engine)
    if recipe.precision != "fp32":
        chosen = "torch"
    look_back_h, horizon_h = windows.look_back_h, windows.horizon_h
    if recipe.sampling == "sequences":
        return BatchSizes(
            rows=recipe.batch,
            length_h=recipe.sequence_h,
            horizon_h=horizon_h,
            nodes=nodes,
            edges=edges,
            outputs=recipe.sequence_h - recipe.burn_in_h,
            engine="torch",
            look_back_h=look_back_h,
        )
    if recipe.sampling == "pairs":
        return BatchSizes(recipe.batch, look_back_h, horizon_h, nodes, edges, engine=chosen)
    kept_nodes = max(1, round(recipe.node_keep_share * nodes))
    return BatchSizes(
        rows=recipe.batch * kept_nodes,
        length_h=look_back_h,
        horizon_h=horizon_h,
        nodes=nodes,
        edges=edges,
        windows=recipe.batch,
        engine=chosen,
        sampled_edges=sampled_edges(recipe, nodes, edges, kept_nodes),
    )


def validation_sizes(
    windows: WindowsBlock,
    recipe: RecipeBlock,
    nodes: int,
    edges: int,
    engine: str,
    validation_windows: int,
    validation_hours: int | None = None,
) -> BatchSizes:
    """Sizes of one epoch's look at the validation part; ``passes`` says how often the network runs.

    validation_windows: of all nodes that are forecast. validation_hours: from the first to the last of them, which a
    stream reads hour by hour after a run-in; None where they are one hour apart. Pairs are forecast in blocks of whole
    windows; networks on windows run once per window. Windows that are one hour apart are counted like others, though
    the kernel computes the gates of their common hours once: there, the count is too high.
    """
    expect_sizes("the validation part", nodes=nodes, validation_windows=validation_windows)
    expect_sizes("the validation part", least=0, edges=edges)
    look_back_h, horizon_h = windows.look_back_h, windows.horizon_h
    chosen = known_engine(engine)
    if recipe.sampling == "windows":
        return BatchSizes(
            nodes, look_back_h, horizon_h, nodes, edges, windows=1, engine=chosen, passes=validation_windows
        )
    if recipe.sampling == "sequences":
        hours = RUN_IN_H + (validation_windows if validation_hours is None else validation_hours)
        expect_sizes("the validation part", validation_hours=hours)
        if chosen == "fused_cpu":
            # The stream's kernel advances all nodes by an hour, with a forecast each time.
            return BatchSizes(
                nodes, 1, horizon_h, nodes, edges, engine=chosen, passes=hours, look_back_h=look_back_h
            )
        each_h = max(1, round(hours / validation_windows))
        return BatchSizes(
            rows=nodes,
            length_h=each_h,
            horizon_h=horizon_h,
            nodes=nodes,
            edges=edges,
            engine="torch",
            passes=validation_windows,
            look_back_h=look_back_h,
        )
    in_pass = min(validation_windows, max(1, PAIRS_PER_PASS // nodes))
    passes = -(-validation_windows // in_pass)
    # The last pass may be smaller: rows are the mean.
    rows = -(-nodes * validation_windows // passes)
    return BatchSizes(rows, look_back_h, horizon_h, nodes, edges, engine=chosen, passes=passes)


def sampled_edges(recipe: RecipeBlock, nodes: int, edges: int, kept_nodes: int) -> int | None:
    """Edges that a training step keeps on average, self loops always; None if it keeps all."""
    if recipe.edge_keep_share == 1 and recipe.node_keep_share == 1:
        return None
    loops = min(nodes, edges)
    kept = loops + (edges - loops) * recipe.edge_keep_share
    return round(kept * kept_nodes / nodes)


def known_engine(engine: str) -> Engine:
    """Raises ValueError for another engine than those of :data:`ENGINES`."""
    for known in ENGINES:
        if engine == known:
            return known
    raise ValueError(
        f"the batch: the engine {engine!r} is unknown; expected one of {', '.join(ENGINES)}; see engine_of"
    )
