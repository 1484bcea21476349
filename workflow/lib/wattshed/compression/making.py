"""Makes a compressed variant of every checkpoint of a lineage."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from wattshed.compression.methods.making import Making
from wattshed.compression.methods.protocol import Method, NotAvailable
from wattshed.config.models.compression import TuningBlock, VariantBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.computing import backend_of
from wattshed.forecast.families.family import Offer
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.network import Network
from wattshed.forecast.neural import NeuralForecaster
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage, Window
from wattshed.training.checkpoint import read_checkpoint, read_spec, write_checkpoint, write_unavailable
from wattshed.training.spec import ModelSpec, Step


def compress_checkpoints(
    given: JobInputs,
    checkpoints: Sequence[Path],
    compressed: Sequence[Path],
    *,
    variant: str,
    settings: VariantBlock,
    tuning: TuningBlock,
    ledger: Path,
) -> None:
    """Make the variant of every checkpoint, one per seed, as one metered job.

    variant: its name in the study. compressed: where the results go, in the order of ``checkpoints``. Where the method
    cannot run on this machine, the results say so and hold no weights.
    Raises :class:`Fault` for checkpoints of different lineages, and where a variant cannot be made of them.
    """
    if len(compressed) != len(checkpoints):
        raise Fault(
            f"--compressed names {len(compressed)} files for {len(checkpoints)} checkpoints: expected one file per "
            "checkpoint, in the same order."
        )
    method: Method = plugins.load("method", settings.method)
    if settings.fine_tune_steps and Offer.UPDATES not in method.keeps:
        raise Fault(
            f"the variant {variant} has {settings.fine_tune_steps} fine_tune_steps, but what the method "
            f"{settings.method} makes cannot be trained: expected 0; change compression.variants.{variant}."
        )
    step = Step(variant, "method", settings.method, settings.model_dump(mode="json"))
    specs = [read_spec(path) for path in checkpoints]
    lineages = sorted({spec.lineage for spec, _ in specs})
    if len(lineages) != 1:
        raise Fault(
            f"--checkpoints names checkpoints of {', '.join(lineages)}: expected the seeds of one lineage."
        )
    spec = specs[0][0]
    results = [_result_of(spec, step, method, settings) for spec, _ in specs]
    with metered_job(
        ledger,
        stage=Stage.COMPRESSION,
        job=ledger.stem,
        labels={"model": spec.name, "lineage": spec.after(step).lineage, "variant": variant},
        metering=given.metering,
        synchronise=synchroniser(given.device),
    ) as meter:
        for path, target, (spec, unavailable), made in zip(
            checkpoints, compressed, specs, results, strict=True
        ):
            if unavailable is not None:
                write_unavailable(target, made, f"{spec.lineage} is missing here: {unavailable}")
                continue
            forecaster, _ = read_checkpoint(path, given.task, given.graph, given.device, given.engine)
            try:
                making = Making(forecaster, given.task, given.graph, made, tuning)
                result = _compressed(making, settings, meter)
            except NotAvailable as reason:
                write_unavailable(target, made, str(reason))
                continue
            if settings.fine_tune_steps:
                _fine_tune(making, result, settings, meter)
            write_checkpoint(target, result.network, made)


def _result_of(spec: ModelSpec, step: Step, method: Method, settings: VariantBlock) -> ModelSpec:
    """The spec of what the method makes of a checkpoint. Raises :class:`Fault` if the recipe does not suit it."""
    try:
        recipe = method.recipe_after(settings, spec.recipe)
    except ValueError as error:
        raise Fault(f"{step.name} cannot be made of {spec.lineage}: {error}.") from error
    return replace(spec.after(step), recipe=recipe)


def _compressed(making: Making, settings: VariantBlock, meter: Meter) -> NeuralForecaster:
    """The variant. Making it may be too short for the sensors: it is repeated until its energy can be measured, unless
    it trains."""
    method: Method = plugins.load("method", settings.method)
    make, seed, labels = partial(method.make_from, making, settings), making.spec.seed, _labels(making.spec)
    # New layers draw initial weights before they are given theirs.
    torch.manual_seed(seed)
    if method.learns:
        place = (making.task.windows, making.adjacency, seed)
        for shape in method.trained_shapes(making.network, settings, *place):
            backend_of(shape, making.forecaster.series)
        torch.manual_seed(seed)
        with meter.window(Window.MAKE, **labels) as window:
            made = make()
            window.values.update(making.notes)
    else:
        made = make()
    result = making.of(made_by("method", settings.method, made, Network))
    if not method.learns:
        meter.repeat(Window.MAKE, make, dict(making.notes), warm_up_calls=0, **labels)
    torch.manual_seed(seed)
    return result


def _fine_tune(making: Making, result: NeuralForecaster, settings: VariantBlock, meter: Meter) -> None:
    """Train the compressed network on the training part, in place, with the base training's loss."""
    method: Method = plugins.load("method", settings.method)
    # A kernel of this size is compiled at first use, which is not to be measured.
    backend_of(result.network, result.series)
    with meter.window(Window.FINE_TUNE, **_labels(making.spec)) as window:
        steps, loss = method.fine_tune(making, result.network, settings)
        window.values.update(steps=steps, train_loss=loss)


def _labels(made: ModelSpec) -> dict[str, Any]:
    return {
        "model": made.name,
        "lineage": made.lineage,
        "variant": made.steps[-1].name,
        "seed": made.seed,
    }
