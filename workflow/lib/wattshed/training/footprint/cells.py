"""The cells of a study of memory levels: a model's training step at one length and batch, and its plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wattshed.config.memory.study import MemoryStudyBlock, with_length
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.memory import MemoryBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.labelled import LabelledWindows
from wattshed.data.panel import Panel
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import ForecastTask
from wattshed.training.spec import ModelSpec

# Of weights and batches: the same for all plans of a cell.
SEED = 1


@dataclass(frozen=True)
class PlanAsked:
    """memory: the recipe's block of this plan; alone: whether it is a single mechanism."""

    name: str
    memory: MemoryBlock
    alone: bool


@dataclass(frozen=True)
class Cell:
    """spec: with the cell's length and batch, and without a plan; task: with windows of this length."""

    length: int
    batch: int
    spec: ModelSpec
    task: ForecastTask

    def with_plan(self, asked: PlanAsked) -> ModelSpec:
        recipe = self.spec.recipe.model_copy(update={"memory": asked.memory})
        return replace(self.spec, recipe=recipe)

    @property
    def about(self) -> dict[str, object]:
        return {
            "model": self.spec.name,
            "form": self.spec.model.form,
            "length": self.length,
            "batch": self.batch,
        }


def plans_asked(block: MemoryStudyBlock) -> list[PlanAsked]:
    """The levels, the plain step first, then the mechanisms alone."""
    levels = sorted(block.levels, key=lambda level: level != "none")
    return [
        *(PlanAsked(level, MemoryBlock(level=level), False) for level in levels),
        *(PlanAsked(one.kind, MemoryBlock(level="none", mechanisms=[one]), True) for one in block.alone),
    ]


def cells_of(
    inputs: JobInputs,
    block: MemoryStudyBlock,
    models: Mapping[str, ModelBlock],
    recipes: Mapping[str, RecipeBlock],
) -> Iterator[Cell]:
    """Every model at every length and batch, small ones first, so that a limit of time leaves out the large ones."""
    for name, model in models.items():
        recipe = recipes[name]
        for length in sorted(block.lengths or [own_length(recipe, inputs.task)]):
            longer, windows = with_length(recipe, inputs.task.windows, length)
            task = ForecastTask(of_length(inputs.task.panel, length), inputs.task.splits, windows)
            for batch in sorted(block.batches or [recipe.batch]):
                changed = longer.model_copy(update={"batch": batch, "memory": None})
                yield Cell(length, batch, ModelSpec(name, SEED, model, changed, windows), task)


def own_length(recipe: RecipeBlock, task: ForecastTask) -> int:
    """Of what a model sees in the study itself."""
    if recipe.sampling == "sequences":
        return recipe.sequence_h * task.windows.steps_per_hour
    return task.windows.look_back_steps if task.panel.windows is None else task.panel.windows.length


def of_length(panel: Panel, length: int) -> Panel:
    """The panel with labelled windows of another length from the same first samples; other panels as they are.

    Where a series ends before a window does, the rest is padded with zeros and masked, as everywhere.
    """
    windows = panel.windows
    if windows is None or windows.length == length:
        return panel
    ends = series_ends(windows)
    lengths = np.minimum(length, ends[windows.owners] - windows.starts)
    return replace(panel, windows=replace(windows, length=length, lengths=lengths.astype(np.int64)))


def series_ends(windows: LabelledWindows) -> np.ndarray:
    """For each series, the sample after the last one that any window of it has [series], int64."""
    count = int(windows.owners.max()) + 1
    ends = np.zeros(count, dtype=np.int64)
    np.maximum.at(ends, windows.owners, windows.starts + windows.lengths)
    return ends
