"""The level of a training whose recipe says ``auto``: predicted level by level, chosen before the network is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from wattshed.forecast.examples import LabelledBatch, StoredExamples
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.memory.accounting.megabytes import megabytes_text
from wattshed.memory.levels import ORDER
from wattshed.memory.plan import MemoryPlan, plan_of, with_level
from wattshed.training.footprint.choose import fitting_level, limit_of
from wattshed.training.footprint.predict import Footprint, predict_footprint
from wattshed.training.footprint.sizes import TaskSizes
from wattshed.training.spec import ModelSpec, graph_of, place_of

if TYPE_CHECKING:
    from wattshed.engine.choice import Wanted
    from wattshed.forecast.job_inputs import JobInputs

AUTO = "auto"


@dataclass(frozen=True)
class LevelFound:
    """One level's plan with its prediction. taken: the level whose mechanisms it takes, itself or one before."""

    plan: MemoryPlan
    footprint: Footprint
    taken: str


def levels_of(
    spec: ModelSpec,
    sizes: TaskSizes,
    device: torch.device,
    engine: Wanted,
    *,
    up_to: str = ORDER[-1],
    known: dict[str, Footprint] | None = None,
    step_alone: bool = False,
) -> dict[str, LevelFound]:
    """The plan and the prediction of each level up to one; peaks never rise from level to level.

    A level that needs more than the one before takes the mechanisms of that one, and its plan says so. Levels of the
    same mechanisms are predicted once; known: predictions of before, by mechanisms, to which new ones are added.
    step_alone: levels are held against each other by their steps, without the look at the validation part.
    Raises :class:`Fault` for a model without gradient steps, and for a named mechanism that does not fit.
    """
    found: dict[str, LevelFound] = {}
    known = {} if known is None else known
    place = place_of(device, engine)
    before: LevelFound | None = None
    for level in ORDER[: ORDER.index(up_to) + 1]:
        plan = plan_of(spec.recipe, spec.shaped_by[0], spec.windows, place, level)
        key = repr([settings.model_dump() for settings in plan.mechanisms])
        if key not in known:
            known[key] = predict_footprint(spec, sizes, plan)
        own = LevelFound(plan, known[key], level)
        if before is not None and needs_more(own.footprint, before.footprint, step_alone=step_alone):
            own = _like(own, before)
        found[level] = before = own
    return found


def needs_more(own: Footprint, before: Footprint, *, step_alone: bool = False) -> bool:
    """Whether a level needs more than the one before; at equal peaks, as of the same look at the validation part, the
    step decides."""
    if step_alone:
        return own.step_peak_bytes > before.step_peak_bytes
    return (own.peak_bytes, own.step_peak_bytes) > (before.peak_bytes, before.step_peak_bytes)


def _like(own: LevelFound, before: LevelFound) -> LevelFound:
    """A level with the mechanisms of the one before."""
    why = f"all that {own.plan.level} takes would need more memory here than what {before.plan.level} takes"
    more = [kind for kind in own.plan.names if kind not in before.plan.names]
    left_out = (*own.plan.left_out, *((kind, why) for kind in more))
    plan = replace(before.plan, level=own.plan.level, left_out=left_out)
    return LevelFound(plan, before.footprint, before.taken)


def settled(spec: ModelSpec, inputs: JobInputs) -> tuple[ModelSpec, int | None]:
    """The spec with its level chosen, and the predicted peak [bytes]; prints the plan.

    A spec without a block ``memory`` is returned as it is, with None, and nothing is printed or predicted. A chosen
    level becomes part of the spec and so of the checkpoint: reading it on another machine chooses nothing. So does the
    level whose mechanisms are taken in place of those of a level that would need more.
    Raises :class:`Fault` if no level fits.
    """
    block = spec.recipe.memory
    if block is None:
        return spec, None
    sizes = sizes_of(spec, inputs)
    if block.level != AUTO:
        # A mechanism that does not fit is refused, before anything is predicted.
        plan = spec.plan_at(place_of(inputs.device, inputs.engine))
        try:
            levels = levels_of(spec, sizes, inputs.device, inputs.engine, up_to=block.level)
        except Fault as fault:
            # Only a choice needs a prediction.
            print(f"{spec.name}: memory level {plan.level}; {fault}", flush=True)
            return spec, None
        found = levels[block.level]
        why = "as the recipe says"
        if found.taken != block.level:
            why += f", with the mechanisms of {found.taken}, because its own would need more memory here"
            spec = replace(spec, recipe=with_level(spec.recipe, found.taken))
        print(plan_text(spec.name, levels, block.level, why), flush=True)
        return spec, found.footprint.peak_bytes
    levels = levels_of(spec, sizes, inputs.device, inputs.engine)
    limit, source = limit_of(inputs.device, block.limit_mb)
    chosen = fitting_level({level: found.footprint for level, found in levels.items()}, limit)
    why = f"the first whose predicted peak fits {megabytes_text(limit)} MB ({source})"
    print(plan_text(spec.name, levels, chosen, why), flush=True)
    taken = levels[chosen]
    return replace(spec, recipe=with_level(spec.recipe, taken.taken)), taken.footprint.peak_bytes


def settled_specs(specs: Sequence[ModelSpec], inputs: JobInputs) -> tuple[list[ModelSpec], int | None]:
    """The same for specs that differ by their seed alone: all get one level."""
    first, peak_bytes = settled(specs[0], inputs)
    return [first, *(replace(spec, recipe=first.recipe) for spec in specs[1:])], peak_bytes


def sizes_of(spec: ModelSpec, inputs: JobInputs) -> TaskSizes:
    """Of a job's data."""
    task = inputs.task
    looked = min(len(task.origins(task.splits.validation)), spec.recipe.validation_windows)
    steps, nodes = task.panel.values.shape
    windows = task.panel.windows
    return TaskSizes(
        nodes=nodes,
        steps=steps,
        edges=int(graph_of(spec, inputs.graph).adjacency.nnz),
        validation_windows=looked,
        regions=0 if windows is None else len(windows.regions),
        samples=0 if windows is None else len(windows.series),
        padded=windows is not None and windows.padded,
        batch=None if windows is None else _batch_of(spec, inputs),
        engine=inputs.engine,
        device="cuda" if inputs.device.type == "cuda" else "cpu",
    )


def _batch_of(spec: ModelSpec, inputs: JobInputs) -> LabelledBatch:
    """A batch of the training part, spread evenly over it."""
    rows = evenly_spaced(inputs.task.origins(inputs.task.splits.train), spec.recipe.batch)
    return StoredExamples.of(inputs.task.examples)[torch.from_numpy(rows)]


def plan_text(name: str, levels: Mapping[str, LevelFound], chosen: str, why: str) -> str:
    """The plan as one table: level, predicted peak and where it is, mechanisms; then what was left out and why."""
    lines = [f"{name}: memory level {chosen}, {why}", "  level    predicted peak  phase       mechanisms"]
    left_out: dict[str, str] = {}
    for level, found in levels.items():
        mark = "*" if level == chosen else " "
        peak = f"{megabytes_text(found.footprint.peak_bytes)} MB"
        names = ", ".join(found.plan.names) or "none"
        lines.append(f"{mark} {level:8} {peak:>14}  {found.footprint.phase_of_peak:10}  {names}")
        left_out |= dict(found.plan.left_out)
    lines += [f"  left out: {kind} ({reason})" for kind, reason in left_out.items()]
    return "\n".join(lines)
