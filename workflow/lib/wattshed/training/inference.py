"""Forecasts of all checkpoints, as one metered job: one process, one warm-up, models side by side."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from wattshed.devices.torch_device import synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.protocol import evenly_spaced
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Part, Stage, Window
from wattshed.training.checkpoint import read_checkpoint


def forecast_checkpoints(
    checkpoints: list[Path],
    outputs: Mapping[str, Mapping[Part, Path]],
    inputs: JobInputs,
    test_windows: int,
    ledger: Path,
) -> None:
    """Forecast the test and validation parts with every checkpoint; per part one file per lineage, with all seeds.

    outputs: lineage -> part -> forecasts to write; test_windows: most windows of either part. The energy of each pass
    over the test part goes to the ledger. Raises :class:`Fault` for a
    checkpoint whose lineage has no output, and for an output without a checkpoint.
    """
    task = inputs.task
    parts = {
        part: evenly_spaced(task.origins(segment), test_windows)
        for part, segment in ((Part.TEST, task.splits.test), (Part.VALIDATION, task.splits.validation))
    }
    origins = parts[Part.TEST]
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    results: dict[tuple[str, Part], list[np.ndarray]] = {
        (lineage, part): [] for lineage in outputs for part in parts
    }
    seeds: dict[str, list[int]] = {lineage: [] for lineage in outputs}
    with metered_job(
        ledger,
        stage=Stage.INFERENCE,
        job=ledger.stem,
        labels={},
        metering=inputs.metering,
        synchronise=synchroniser(inputs.device),
    ) as meter:
        for checkpoint in checkpoints:
            forecaster, spec = read_checkpoint(checkpoint, task, inputs.graph, inputs.device, inputs.engine)
            if spec.lineage not in outputs:
                raise Fault(
                    f"{checkpoint} has the lineage {spec.lineage}, for which --forecasts names no file: expected one "
                    f"of {', '.join(outputs)}; add {spec.lineage}.safetensors."
                )
            for part, own in parts.items():
                results[spec.lineage, part].append(forecaster.forecast(own))
            seeds[spec.lineage].append(spec.seed)
            meter.repeat(
                Window.FORECAST,
                partial(forecaster.forecast, origins),
                counted,
                model=spec.name,
                lineage=spec.lineage,
                seed=spec.seed,
                engine=backend_of(forecaster.network, forecaster.series).name,
            )
    for lineage, paths in outputs.items():
        if not seeds[lineage]:
            raise Fault(
                f"{paths[Part.TEST]} has no checkpoint of the lineage {lineage}: expected one per seed among "
                "--checkpoints."
            )
        for part, path in paths.items():
            Forecasts(parts[part], np.stack(results[lineage, part]), seeds[lineage]).write(path)
