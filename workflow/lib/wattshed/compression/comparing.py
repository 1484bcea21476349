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

from wattshed.compression.costs import Cost, measure_costs
from wattshed.config.models.compression import MeasuringBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.days import days_of, errors_of, stacked
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part, Stage, Status
from wattshed.training.checkpoint import ModelSpec, read_checkpoint, read_spec

TYPES = {
    "parent": "string",
    "step": "string",
    "fine_tuned": "boolean",
    "rmse": "float64",
    "mae": "float64",
    "later_rmse": "float64",
    "later_mae": "float64",
    "parameters": "Int64",
    "bytes": "Int64",
    "latency_s_per_window": "float64",
    "energy_j_per_1000_forecasts": "float64",
    "energy_low": "float64",
    "energy_high": "float64",
    "measured_as": "string",
    "engine": "string",
    "unavailable": "string",
}
# Columns of the errors by day, beside these errors.
DAY_LABELS = {"lineage": "string", "seed": "int64", "part": "string"}


@dataclass(frozen=True)
class Candidate:
    """One checkpoint; ``forecaster`` is None where it could not be made, and ``unavailable`` says why."""

    spec: ModelSpec
    forecaster: NeuralForecaster | None
    unavailable: str | None


def compare_checkpoints(
    given: JobInputs, checkpoints: Sequence[Path], block: MeasuringBlock, ledger: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``compared/{model}.parquet``: one row per lineage and seed, lineages in the given order; and its errors by day.

    The errors by day, ``lineage, seed, part (test, later), day, squared, absolute, cells``, have no row for a
    checkpoint that this machine cannot compute.

    Errors are those on the base test part and, as ``later_``, on the held-out tails of all later months together.
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
        rows, days = [], []
        for index, candidate in enumerate(candidates):
            if candidate.forecaster is None:
                rows.append(_unavailable_row(candidate))
                continue
            own = _days(candidate.spec, candidate.forecaster, given.task)
            as_first = candidates[measured_as[index]].spec.lineage
            rows.append(_row(candidate.spec, candidate.forecaster, own, costs[measured_as[index]], as_first))
            days.append(own)
    return pd.DataFrame(rows).astype(TYPES), stacked(days, DAY_LABELS)


def structure(network: nn.Module) -> tuple[str, ...]:
    """What decides the cost of a network: its layers, and the shapes and types of its tensors."""
    tensors = [f"{name} {list(value.shape)} {value.dtype}" for name, value in network.state_dict().items()]
    return (str(network), *tensors)


def weight_bytes(network: nn.Module) -> int:
    """Size of the stored weights [bytes], without the description in the checkpoint."""
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


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
) -> list[Candidate]:
    candidates = []
    # Checkpoints of one graph share their series: a large panel has room for few of them.
    shared: dict[int | None, ScaledSeries] = {}
    for path, (spec, unavailable) in zip(checkpoints, specs, strict=True):
        if unavailable is not None:
            candidates.append(Candidate(spec, None, unavailable))
            continue
        graph = spec.seed if spec.model.graph == "shuffled" else None
        forecaster, _ = read_checkpoint(
            path, given.task, given.graph, given.device, given.engine, shared.get(graph)
        )
        shared[graph] = forecaster.series
        candidates.append(Candidate(spec, forecaster, None))
    return candidates


def _first_of_each_structure(candidates: Sequence[Candidate]) -> dict[int, int]:
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


def _row(
    spec: ModelSpec, forecaster: NeuralForecaster, days: pd.DataFrame, cost: Cost, measured_as: str
) -> dict[str, Any]:
    rmse, mae = errors_of(days[days["part"] == Part.TEST])
    later_rmse, later_mae = errors_of(days[days["part"] == Part.LATER])
    return {
        **_identity(spec),
        "rmse": rmse,
        "mae": mae,
        "later_rmse": later_rmse,
        "later_mae": later_mae,
        "parameters": forecaster.network.parameter_count(),
        "bytes": weight_bytes(forecaster.network),
        "latency_s_per_window": cost.latency_s,
        "energy_j_per_1000_forecasts": cost.energy_j,
        "energy_low": cost.energy_low_j,
        "energy_high": cost.energy_high_j,
        "energy_status": cost.energy_status,
        "measured_as": measured_as,
        "engine": backend_of(forecaster.network, forecaster.series).name,
        "unavailable": None,
    }


def _unavailable_row(candidate: Candidate) -> dict[str, Any]:
    absent: dict[str, Any] = dict.fromkeys(TYPES)
    return {
        **absent,
        **_identity(candidate.spec),
        "energy_status": Status.MISSING,
        "unavailable": candidate.unavailable,
    }


def _identity(spec: ModelSpec) -> dict[str, Any]:
    last = spec.steps[-1] if spec.steps else None
    return {
        "model": spec.name,
        "lineage": spec.lineage,
        "parent": spec.parent,
        "step": None if last is None else last.name,
        "kind": "base" if last is None else last.kind,
        "seed": spec.seed,
        "fine_tuned": last is not None and bool(last.settings.get("fine_tune_steps")),
    }


def _days(spec: ModelSpec, forecaster: NeuralForecaster, task: ForecastTask) -> pd.DataFrame:
    """Errors by day on the test part and, where there are later months, on all their held-out tails."""
    origins = {Part.TEST: task.origins(task.splits.test)}
    if task.splits.months:
        origins[Part.LATER] = np.concatenate([task.origins(month.held_out) for month in task.splits.months])
    frames = [
        days_of(forecaster.forecast, task, some).assign(part=str(part)) for part, some in origins.items()
    ]
    return pd.concat(frames, ignore_index=True).assign(lineage=spec.lineage, seed=spec.seed)
