"""How often a recipe steps, and on batches of what sizes: from the configuration and the panel's size alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.foundation import plugins
from wattshed.foundation.documents import read_json
from wattshed.foundation.faults import Fault
from wattshed.law.operations.fits import FitSizes
from wattshed.law.operations.sizes import batch_sizes, engine_of, validation_sizes

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.operations.forward import BatchSizes
    from wattshed.law.operations.sizes import Engine

# Edges per node and neighbour before the graph is built: a symmetric graph has between 1 and 2 of them, as far as
# neighbours are mutual. The homes have 1.32 (17 nodes), 300 random points in 8 dimensions 1.46.
EDGES_PER_NEIGHBOUR = 1.4


@dataclass(frozen=True)
class PanelSizes:
    """nodes; steps; edges of the graph in both directions with self loops, None to estimate them from its block.

    windows: of labelled windows, how many the training and the validation part hold, where that is known.
    """

    nodes: int
    steps: int
    edges: int | None = None
    windows: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for sizes below 1."""
        for name in ("nodes", "steps", "edges"):
            size = getattr(self, name)
            if name == "edges" and size is None:
                continue
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(
                    f"the panel: {name} is {size}; expected a whole number of at least 1; correct it"
                )
        if self.edges is not None and self.edges > self.nodes**2:
            raise ValueError(
                f"the panel: more edges than {self.nodes} x {self.nodes} nodes can have; correct their number"
            )


@dataclass(frozen=True)
class TrainingPlan:
    """What a training does.

    steps_per_epoch: updates of the weights; epochs: the most that the recipe allows, 0 for a model that is solved in
    closed form. batch: of one training batch, None without epochs; look: of an epoch's look at the validation part.
    fit: sizes of what is solved in closed form, if the family has such a part.
    """

    steps_per_epoch: int
    epochs: int
    batch: BatchSizes | None
    look: BatchSizes | None
    fit: FitSizes


def panel_sizes(study: Study, results: Path | None) -> PanelSizes:
    """From the built data in the study's results; else what the configuration's source knows of itself.

    results: the study's own folder of results. Raises :class:`Fault` where neither says them.
    """
    source = study.data.source
    nodes, hours = getattr(source, "nodes", None), getattr(source, "hours", None)
    if results is not None and (found := _built(results / "data", labelled=_gives_labels(study))) is not None:
        if isinstance(nodes, int) and nodes != found.nodes:
            raise Fault(
                f"{results / 'data'} holds a panel of {found.nodes} nodes, but the source {source.kind} of this "
                f"configuration has {nodes}: expected the data of the same configuration; run its data stage again, "
                "give --nodes and --hours, or look for results elsewhere (--results)."
            )
        return found
    if isinstance(nodes, int) and isinstance(hours, int):
        return PanelSizes(nodes, hours * study.data.windows.steps_per_hour)
    count = getattr(plugins.load("source", source.kind), "count_windows", None)
    if count is not None:
        splits = study.data.splits
        shares = (splits.train_share, splits.validation_share, splits.test_share)
        classes, (train, validation, *others) = count(source, study.data.windows.look_back_steps, shares)
        return PanelSizes(classes, train + validation + sum(others), windows=(train, validation))
    raise Fault(
        f"the size of the panel of {study.study} is not known: the source {source.kind} tells it only once the panel "
        "is built; give --nodes and --hours, or run the study's data stage first."
    )


def plan_of(study: Study, model: str, panel: PanelSizes, engine: str | None = None) -> TrainingPlan:
    """The plan of one model's training, of one seed.

    engine: what computes networks that a kernel takes; None for what the study's keys allow. Windows whose targets were
    never observed are counted like all others. Raises :class:`Fault` for a model that the study does not have and for
    a panel that is too short for its windows.
    """
    if model not in study.trained:
        raise Fault(
            f"models has no {model!r}: expected one of {', '.join(sorted(study.trained))}; correct the name."
        )
    windows, recipe = study.data.windows, study.recipe_of(model)
    train, validation = _windows(study, panel)
    fit = FitSizes(
        panel.nodes,
        train,
        validation,
        windows.look_back_steps,
        windows.horizon_steps,
        windows.steps_per_hour,
    )
    if study.trained[model].recipe is None:
        return TrainingPlan(0, 0, None, None, fit)
    edges = edges_of(study, panel)
    chosen: Engine | str = engine_of(study.engine, study.device) if engine is None else engine
    batches = recipe.steps_per_epoch
    if batches is None:
        examples = train if recipe.sampling in ("windows", "examples") else train * panel.nodes
        batches = -(-examples // recipe.batch)
    looked = min(validation, recipe.validation_windows)
    batch = batch_sizes(windows, recipe, panel.nodes, edges, chosen)
    look = validation_sizes(windows, recipe, panel.nodes, edges, chosen, looked, validation)
    return TrainingPlan(-(-batches // recipe.accumulate), recipe.epochs, batch, look, fit)


def edges_of(study: Study, panel: PanelSizes) -> int:
    """Edges of the graph with self loops; estimated from its neighbours where the graph is not built."""
    if panel.edges is not None:
        return panel.edges
    nodes = panel.nodes
    own = min(nodes - 1, EDGES_PER_NEIGHBOUR * min(study.graph.neighbours, nodes - 1))
    return nodes + round(nodes * own)


def _windows(study: Study, panel: PanelSizes) -> tuple[int, int]:
    """Windows of the training and of the validation part, cut as data/splits.py cuts them (a test holds them equal)."""
    if panel.windows is not None:
        return panel.windows
    shares, windows = study.data.splits, study.data.windows
    after_train = round(panel.steps * shares.train_share)
    after_validation = round(panel.steps * (shares.train_share + shares.validation_share))
    # A row of labelled windows holds its own history.
    history = 0 if _gives_labels(study) else max(windows.look_back_steps, windows.steps_per_week)
    train = after_train - windows.horizon_steps + 1 - history
    validation = after_validation - windows.horizon_steps + 1 - max(after_train, history)
    for name, count in (("training", train), ("validation", validation)):
        if count < 1:
            raise Fault(
                f"the {name} part of {windows.hours(panel.steps):.10g} h is too short for one window "
                f"({windows.hours(history):g} h of history, {windows.horizon_h:g} h to forecast): give a longer panel "
                "or other shares."
            )
    return train, validation


def _gives_labels(study: Study) -> bool:
    """Whether the source gives labelled windows."""
    return bool(getattr(plugins.load("source", study.data.source.kind), "labelled", False))


def _built(data: Path, *, labelled: bool) -> PanelSizes | None:
    """Sizes of built data; None if the data stage has not run."""
    splits, graph = data / "splits.json", data / "graph.safetensors"
    if not splits.is_file() or not graph.is_file():
        return None
    parts = read_json(splits, keys=("train", "validation", "test", "months"))
    header = _tensor_header(graph)
    try:
        stops = [parts["test"]["stop"], *(month["held_out"]["stop"] for month in parts["months"])]
        windows = None
        if labelled:
            train, validation = (
                int(parts[name]["stop"] - parts[name]["start"]) for name in ("train", "validation")
            )
            windows = train, validation
        nodes, edges = header["indptr"]["shape"][0] - 1, header["indices"]["shape"][0]
        return PanelSizes(nodes, int(max(stops)), edges, windows)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise Fault(
            f"{data} does not tell the panel's size ({error!r}): expected what the data stage writes; delete the "
            "folder and run snakemake again."
        ) from error


def _tensor_header(path: Path) -> dict[str, Any]:
    """Shapes in a safetensors file, by its header alone: 8 bytes of length, then JSON."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length < 100_000_000:
                raise ValueError(f"a header of {length} bytes")
            header: dict[str, Any] = json.loads(file.read(length))
            return header
    except (OSError, ValueError, RecursionError) as error:
        raise Fault(
            f"{path} cannot be read ({error}): expected the graph that the data stage writes; delete it and run "
            "snakemake again."
        ) from error
