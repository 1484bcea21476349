"""What memory levels save and cost in a study: every cell predicted, and measured where it is small enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from wattshed.config.memory.study import BASE, MemoryStudyBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.examples import LabelledBatch
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage
from wattshed.foundation.writing import write_parquet
from wattshed.memory.accounting.megabytes import MB, megabytes_text
from wattshed.memory.plan import MemoryPlan, with_level
from wattshed.training.batches.making import make_batches
from wattshed.training.footprint.automatic import levels_of
from wattshed.training.footprint.cells import Cell, PlanAsked, cells_of, plans_asked
from wattshed.training.footprint.measure import StepCost, measure_steps
from wattshed.training.footprint.predict import Footprint
from wattshed.training.footprint.sizes import TaskSizes
from wattshed.training.footprint.study_frames import steps_frame, timeline_frame
from wattshed.training.spec import ModelSpec, graph_of, make_forecaster
from wattshed.training.step.forecast_times import time_forecasts
from wattshed.training.step.learner import Learner

# Of each plan the keys of its rows, and phase, operation and live bytes in order.
Living = list[tuple[dict[str, Any], list[tuple[str, str, int]]]]


@dataclass(frozen=True)
class MemoryJob:
    """models, recipes: of those that are measured, by the model's name; steps, timeline, ledger: to write; further:
    plans beside those of the block."""

    inputs: JobInputs
    memory: MemoryStudyBlock
    models: Mapping[str, ModelBlock]
    recipes: Mapping[str, RecipeBlock]
    steps: Path
    timeline: Path
    ledger: Path
    further: tuple[PlanAsked, ...] = ()

    @property
    def plans(self) -> list[PlanAsked]:
        """The plain step first."""
        return [*plans_asked(self.memory), *self.further]


def measure_for_study(job: MemoryJob) -> None:
    """Predict and measure every cell, and write both frames and the ledger. A killed job begins again: the plans of a
    cell are compared on one occasion."""
    inputs = job.inputs
    with metered_job(
        job.ledger,
        stage=Stage.MEMORY,
        job="measure_memory",
        labels={"device": inputs.device.type},
        metering=inputs.metering,
        synchronise=synchroniser(inputs.device),
    ) as meter:
        steps, timeline = measured_frames(job, meter)
        # Before the ledger is closed: if the disk is full here, no ledger says that there is a result.
        write_parquet(job.steps, steps)
        write_parquet(job.timeline, timeline)


def measured_frames(
    job: MemoryJob, meter: Meter, clock: Callable[[], float] = time.monotonic
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``memory/steps.parquet`` and ``memory/timeline.parquet``; the timeline is of each model's largest measured
    cell."""
    began = clock()
    rows: list[dict[str, Any]] = []
    lives: dict[str, Living] = {}
    for cell in cells_of(job.inputs, job.memory, job.models, job.recipes):
        over = clock() - began > job.memory.limit_s
        found, living = _cell(job, cell, meter, over)
        rows += found
        if living:
            lives[cell.spec.name] = living
    return steps_frame(rows), timeline_frame(one for living in lives.values() for one in living)


def _cell(job: MemoryJob, cell: Cell, meter: Meter, over: bool) -> tuple[list[dict[str, Any]], Living]:
    """The rows of a cell, and the live bytes over its steps by level. over: whether the time for measurements is."""
    rows = {asked.name: _row(job, cell, asked) for asked in job.plans}
    try:
        trial = Trial(job, cell)
    except (Fault, ValueError) as error:
        return [row | {"why_none": _sentence(error)} for row in rows.values()], []
    for asked in job.plans:
        row = rows[asked.name]
        try:
            row |= trial.predicted(asked)
        except (Fault, ValueError) as error:
            row["why_none"] = _sentence(error)
            continue
        if row["predicted_peak_bytes"] > job.memory.largest_mb * MB:
            row["why_none"] = f"its predicted peak is over memory.largest_mb = {job.memory.largest_mb:g}"
        elif over:
            row["why_none"] = f"the time of memory.limit_s = {job.memory.limit_s:g} was over"
    costs = trial.measured([name for name, row in rows.items() if "why_none" not in row], meter)
    living: Living = []
    for name, cost in costs.items():
        row = rows[name]
        row |= _measured(cost, job.memory.repeats) | trial.inference[name]
        print(_line(row, rows.get(BASE, {})))
        if not row["alone"]:
            about = {key: row[key] for key in ("model", "level", "length", "batch")}
            living.append((about, [(point.phase, point.name, point.bytes) for point in cost.timeline]))
    return list(rows.values()), living


class Trial:
    """One cell: its plans, predicted, and measured in turns on the same batches.

    Raises :class:`Fault` or :class:`ValueError` if the cell cannot be built, as where the panel is shorter than its
    windows.
    """

    def __init__(self, job: MemoryJob, cell: Cell) -> None:
        self._job, self._cell = job, cell
        inputs, spec = job.inputs, cell.spec
        if not len(cell.task.origins(cell.task.splits.train)):
            raise Fault(f"the training part has no window of {cell.length}")
        self._forecaster = self._made(cell.with_plan(job.plans[0]))
        drawn = make_batches(spec, cell.task, self._forecaster).epoch(1)
        self._batches = list(islice(drawn, spec.recipe.accumulate))
        edges = int(graph_of(spec, inputs.graph).adjacency.nnz)
        sizes = TaskSizes.of_task(self._forecaster, cell.task, edges, spec.recipe.validation_windows)
        windows, first = cell.task.panel.windows, self._batches[0].inputs[0]
        if windows is not None and isinstance(first, LabelledBatch):
            sizes = replace(
                sizes,
                regions=len(windows.regions),
                samples=len(windows.series),
                padded=windows.padded,
                batch=first.to(torch.device("cpu")),
            )
        self._sizes = sizes
        self._plans: dict[str, MemoryPlan] = {}
        self._specs: dict[str, ModelSpec] = {}
        self._known: dict[str, Footprint] = {}
        self._networks: dict[str, Network] = {}
        self.inference: dict[str, dict[str, float]] = {}

    def _made(self, spec: ModelSpec) -> NeuralForecaster:
        inputs = self._job.inputs
        return make_forecaster(spec, self._cell.task, inputs.graph, inputs.device, inputs.engine)

    def predicted(self, asked: PlanAsked) -> dict[str, Any]:
        """Columns of the plan and of its prediction. Raises :class:`Fault` for a plan that does not fit."""
        spec, inputs, level = self._cell.with_plan(asked), self._job.inputs, asked.memory.level
        levels = levels_of(
            spec, self._sizes, inputs.device, inputs.engine, up_to=level, known=self._known, step_alone=True
        )
        # As in a training, a level that would need more than the one before takes what that one takes. A look at the
        # validation part is not measured here.
        plan, found = levels[level].plan, levels[level].footprint
        self._plans[asked.name] = plan
        self._specs[asked.name] = replace(spec, recipe=with_level(spec.recipe, levels[level].taken))
        about = {
            "mechanisms": ", ".join(plan.names),
            "left_out": "; ".join(f"{kind} ({why})" for kind, why in plan.left_out),
        }
        best = _best_bytes(found, spec.recipe)
        return {
            **about,
            # Of the step alone: a look at the validation part may be larger, and is not measured here. Neither is the
            # copy of the best weights, which a training keeps and a measured step does not.
            "predicted_peak_bytes": found.step_peak_bytes - best,
            "before_bytes": found.before_bytes - best,
            "predicted_saved_bytes": found.saved_bytes,
            **_peak_of(found),
        }

    def measured(self, names: list[str], meter: Meter) -> dict[str, StepCost]:
        """Steps of these plans in turns, and then their forward passes in turns."""
        if not names:
            return {}
        plans = {name: self._plans[name] for name in names}
        repeats = self._job.memory.repeats
        costs = measure_steps(self._forecaster, self._batches, self._learner, plans, meter, repeats)
        self.inference = time_forecasts(self._networks, self._batches[0], repeats, self._job.inputs.device)
        return costs

    def _learner(self, plan: MemoryPlan) -> Learner:
        """Of a plan, with weights from the same seed as all others'."""
        name = next(name for name, known in self._plans.items() if known is plan)
        spec = self._specs[name]
        network = self._networks[name] = self._made(spec).network
        return Learner.make(network, spec.recipe, 1, self._job.inputs.device, plan)


def _best_bytes(found: Footprint, recipe: RecipeBlock) -> int:
    """Of the copy of the best weights; a moving average is as large, and is there in a measured step too."""
    return found.kept_bytes // (2 if recipe.ema_decay else 1)


def _peak_of(found: Footprint) -> dict[str, str]:
    """In which phase and operation of the step the predicted peak is."""
    if not found.timeline:
        return {}
    point = max(found.timeline, key=lambda one: one.bytes)
    return {"predicted_phase": point.phase, "predicted_operation": point.name}


def _row(job: MemoryJob, cell: Cell, asked: PlanAsked) -> dict[str, Any]:
    return {**cell.about, "device": job.inputs.device.type, "level": asked.name, "alone": asked.alone}


def _measured(cost: StepCost, repeats: int) -> dict[str, Any]:
    step_s, low_s, high_s = cost.time_s
    return {
        "repeats": repeats,
        "measured_peak_bytes": cost.peak_bytes,
        "saved_bytes": cost.saved_bytes,
        "resident_rise_bytes": cost.resident_rise_bytes,
        "step_s": step_s,
        "step_low_s": low_s,
        "step_high_s": high_s,
        "energy_j_per_step": cost.energy_j,
        "energy_status": str(cost.energy_status),
        "executed_share": cost.executed_share,
    }


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _line(row: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """For the log: peaks, and what the plan costs over the plain step, which is measured first."""
    text = (
        f"{row['model']}, length {row['length']}, batch {row['batch']}, {row['level']}: peak "
        f"{megabytes_text(row['measured_peak_bytes'])} MB (predicted {megabytes_text(row['predicted_peak_bytes'])}), "
        f"{1e3 * row['step_s']:.1f} ms"
    )
    if row is base or not base.get("step_s"):
        return text
    text += f", time {100 * (row['step_s'] / base['step_s'] - 1):+.0f} %"
    own_j, base_j = row["energy_j_per_step"], base["energy_j_per_step"]
    if own_j is None or not base_j:
        return f"{text}, energy unknown"
    return f"{text}, energy {100 * (own_j / base_j - 1):+.0f} % ({row['energy_status']})"
