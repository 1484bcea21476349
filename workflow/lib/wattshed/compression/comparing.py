"""All lineages of one base model on the same windows: errors, size, latency and energy.

Each network is computed by the fastest back end that takes it, as it would be in use: a variant that no kernel takes
competes with a base model on its kernel. ``engine: torch`` in the study compares all of them on torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from wattshed.compression.costs import measure_costs
from wattshed.compression.rows import (
    TYPES,
    cost_columns,
    error_columns,
    identity,
    size_columns,
    unavailable_row,
)
from wattshed.compression.scores import Score, score
from wattshed.config.models.compression import MeasuringBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.days import stacked
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.metrics import seasonal_scale
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part, Stage
from wattshed.training.checkpoint import read_checkpoint, read_spec
from wattshed.training.spec import ModelSpec

# Columns of the errors by day, beside these errors.
DAY_LABELS = {"lineage": "string", "seed": "int64", "part": "string"}


@dataclass(frozen=True)
class Compared:
    """One checkpoint; ``forecaster`` is None where it could not be made, and ``unavailable`` says why."""

    spec: ModelSpec
    forecaster: NeuralForecaster | None
    unavailable: str | None


def compare_checkpoints(
    given: JobInputs, checkpoints: Sequence[Path], block: MeasuringBlock, ledger: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``compared/{model}.parquet``: one row per lineage and seed, lineages in the given order; and its errors by day.

    The errors by day, ``lineage, seed, part (validation, test, later), day, squared, absolute, cells``, have no row
    for a checkpoint that this machine cannot compute.

    Errors are those on the base test part, as ``later_`` on the held-out tails of all later months together, and as
    ``validation_`` on the validation part, where checkpoints are chosen. Costs are described in
    ``compression/costs.py``, ``multiply_adds.py`` and ``peak_memory.py``.
    Adapting and fine-tuning change weights only, so networks of one structure cost the same: the first lineage of a
    structure is measured for every seed, and the others take its costs (column ``measured_as``). Seeds are measured
    apart, as repeats of one another. Column ``engine`` names the back end.
    Raises :class:`Fault` for checkpoints of different base models and for one that comes twice.
    """
    specs = [read_spec(path) for path in checkpoints]
    _refuse_mixture([spec for spec, _ in specs], checkpoints)
    model = specs[0][0].name
    with metered_job(
        ledger,
        stage=Stage.COMPARISON,
        job=ledger.stem,
        labels={"model": model},
        metering=given.metering,
        synchronise=synchroniser(given.device),
    ) as meter:
        candidates = _read(given, checkpoints, specs)
        measured_as = _first_of_each_structure(candidates)
        measured = [index for index, first in measured_as.items() if index == first]
        labelled = [
            (forecaster, _labels(candidates[index].spec, forecaster))
            for index in measured
            if (forecaster := candidates[index].forecaster) is not None
        ]
        costs = dict(zip(measured, measure_costs(labelled, given.task, block, meter), strict=True))
        scale = seasonal_scale(given.task.panel, given.task.splits.train)
        rows, days = [], []
        for index, candidate in enumerate(candidates):
            if candidate.forecaster is None:
                rows.append(unavailable_row(candidate.spec, candidate.unavailable))
                continue
            scores = _scores(candidate.forecaster, given.task, scale)
            as_first = candidates[measured_as[index]].spec.lineage
            rows.append(
                {
                    **identity(candidate.spec),
                    **error_columns({part: one.metrics for part, one in scores.items()}),
                    **size_columns(candidate.forecaster, given.task),
                    **cost_columns(costs[measured_as[index]], as_first),
                    "unavailable": None,
                }
            )
            days += [
                one.days.assign(part=str(part), lineage=candidate.spec.lineage, seed=candidate.spec.seed)
                for part, one in scores.items()
            ]
    return pd.DataFrame(rows).astype(TYPES), stacked(days, DAY_LABELS)


def structure(network: nn.Module) -> tuple[str, ...]:
    """What decides the cost of a network: its layers, and the shapes and types of its tensors."""
    tensors = [f"{name} {list(value.shape)} {value.dtype}" for name, value in network.state_dict().items()]
    return (str(network), *tensors)


def _refuse_mixture(specs: Sequence[ModelSpec], checkpoints: Sequence[Path]) -> None:
    models = sorted({spec.name for spec in specs})
    if len(models) > 1:
        raise Fault(
            f"--checkpoints names checkpoints of the models {', '.join(models)}: expected the lineages of one model."
        )
    seen: dict[tuple[str, int], Path] = {}
    for spec, path in zip(specs, checkpoints, strict=True):
        if (spec.lineage, spec.seed) in seen:
            raise Fault(
                f"{seen[spec.lineage, spec.seed]} and {path} are both seed {spec.seed} of {spec.lineage}: expected "
                "each checkpoint once."
            )
        seen[spec.lineage, spec.seed] = path


def _read(
    given: JobInputs, checkpoints: Sequence[Path], specs: Sequence[tuple[ModelSpec, str | None]]
) -> list[Compared]:
    candidates = []
    # Checkpoints of one graph share their series: a large panel has room for few of them.
    shared: dict[int | None, ScaledSeries] = {}
    for path, (spec, unavailable) in zip(checkpoints, specs, strict=True):
        if unavailable is not None:
            candidates.append(Compared(spec, None, unavailable))
            continue
        graph = spec.seed if spec.model.graph == "shuffled" else None
        forecaster, _ = read_checkpoint(
            path, given.task, given.graph, given.device, given.engine, shared.get(graph)
        )
        shared[graph] = forecaster.series
        candidates.append(Compared(spec, forecaster, None))
    return candidates


def _first_of_each_structure(candidates: Sequence[Compared]) -> dict[int, int]:
    """For every candidate that has a network, the first one of its seed with the same structure, by index."""
    first: dict[tuple[int, tuple[str, ...]], int] = {}
    return {
        index: first.setdefault((candidate.spec.seed, structure(candidate.forecaster.network)), index)
        for index, candidate in enumerate(candidates)
        if candidate.forecaster is not None
    }


def _labels(spec: ModelSpec, forecaster: NeuralForecaster) -> dict[str, Any]:
    engine = backend_of(forecaster.network, forecaster.series).name
    return {"model": spec.name, "lineage": spec.lineage, "seed": spec.seed, "engine": engine}


def _scores(forecaster: NeuralForecaster, task: ForecastTask, scale: np.ndarray) -> dict[Part, Score]:
    """Errors on each part that the study has."""
    origins = {
        Part.VALIDATION: task.origins(task.splits.validation),
        Part.TEST: task.origins(task.splits.test),
    }
    if task.splits.months:
        origins[Part.LATER] = np.concatenate([task.origins(month.held_out) for month in task.splits.months])
    return {part: score(forecaster, task, some, scale) for part, some in origins.items()}
