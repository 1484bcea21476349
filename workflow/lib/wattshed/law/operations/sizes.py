"""Sizes of a recipe's batches, from the configuration and the panel's size alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wattshed.law.operations.forward import BatchSizes
from wattshed.law.operations.operation import expect_sizes

if TYPE_CHECKING:
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock

Engine = Literal["torch", "fused_cpu", "fused_cuda"]
ENGINES: tuple[Engine, ...] = ("torch", "fused_cpu", "fused_cuda")
# Pairs that a network forecasts in one pass, and the time [h] that a stream reads before its first forecast; tests hold
# them equal to forecast/neural.py and forecast/streaming.py.
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
    look_back_steps, horizon_steps = windows.look_back_steps, windows.horizon_steps
    per_hour = windows.steps_per_hour
    if recipe.sampling == "sequences":
        return BatchSizes(
            rows=recipe.batch,
            length_steps=per_hour * recipe.sequence_h,
            horizon_steps=horizon_steps,
            nodes=nodes,
            edges=edges,
            outputs=per_hour * (recipe.sequence_h - recipe.burn_in_h),
            engine="torch",
            look_back_steps=look_back_steps,
            steps_per_hour=per_hour,
        )
    if recipe.sampling == "pairs":
        return BatchSizes(
            recipe.batch, look_back_steps, horizon_steps, nodes, edges, engine=chosen, steps_per_hour=per_hour
        )
    kept_nodes = max(1, round(recipe.node_keep_share * nodes))
    return BatchSizes(
        rows=recipe.batch * kept_nodes,
        length_steps=look_back_steps,
        horizon_steps=horizon_steps,
        nodes=nodes,
        edges=edges,
        windows=recipe.batch,
        engine=chosen,
        sampled_edges=sampled_edges(recipe, nodes, edges, kept_nodes),
        steps_per_hour=per_hour,
    )


def validation_sizes(
    windows: WindowsBlock,
    recipe: RecipeBlock,
    nodes: int,
    edges: int,
    engine: str,
    validation_windows: int,
    validation_steps: int | None = None,
) -> BatchSizes:
    """Sizes of one epoch's look at the validation part; ``passes`` says how often the network runs.

    validation_windows: of all nodes that are forecast. validation_steps: from the first to the last of them, which a
    stream reads step by step after a run-in; None where they are one step apart. Pairs are forecast in blocks of whole
    windows; networks on windows run once per window. Windows that are one step apart are counted like others, though
    the kernel computes the gates of their common steps once: there, the count is too high.
    """
    expect_sizes("the validation part", nodes=nodes, validation_windows=validation_windows)
    expect_sizes("the validation part", least=0, edges=edges)
    look_back_steps, horizon_steps = windows.look_back_steps, windows.horizon_steps
    per_hour = windows.steps_per_hour
    chosen = known_engine(engine)
    if recipe.sampling == "windows":
        return BatchSizes(
            nodes,
            look_back_steps,
            horizon_steps,
            nodes,
            edges,
            windows=1,
            engine=chosen,
            passes=validation_windows,
            steps_per_hour=per_hour,
        )
    if recipe.sampling == "sequences":
        read = RUN_IN_H * per_hour + (validation_windows if validation_steps is None else validation_steps)
        expect_sizes("the validation part", validation_steps=read)
        if chosen == "fused_cpu":
            # The stream's kernel advances all nodes by a step, with a forecast each time.
            return BatchSizes(
                nodes,
                1,
                horizon_steps,
                nodes,
                edges,
                engine=chosen,
                passes=read,
                look_back_steps=look_back_steps,
                steps_per_hour=per_hour,
            )
        each_steps = max(1, round(read / validation_windows))
        return BatchSizes(
            rows=nodes,
            length_steps=each_steps,
            horizon_steps=horizon_steps,
            nodes=nodes,
            edges=edges,
            engine="torch",
            passes=validation_windows,
            look_back_steps=look_back_steps,
            steps_per_hour=per_hour,
        )
    in_pass = min(validation_windows, max(1, PAIRS_PER_PASS // nodes))
    passes = -(-validation_windows // in_pass)
    # The last pass may be smaller: rows are the mean.
    rows = -(-nodes * validation_windows // passes)
    return BatchSizes(
        rows,
        look_back_steps,
        horizon_steps,
        nodes,
        edges,
        engine=chosen,
        passes=passes,
        steps_per_hour=per_hour,
    )


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
