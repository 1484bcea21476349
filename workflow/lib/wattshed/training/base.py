"""Base training of one model with one seed, as a metered job."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from wattshed.data.graph import Graph
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.job import metered_job
from wattshed.engine.choice import choose
from wattshed.forecast.families.networks import ReferenceSTGNN
from wattshed.forecast.job_inputs import JobInputs
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.writing import write_parquet
from wattshed.training.batches.drawing import Batches, PairBatches, WindowBatches
from wattshed.training.batches.sampled_graph import SampledGraphBatches
from wattshed.training.batches.sequences import SequenceBatches
from wattshed.training.checkpoint import ModelSpec, make_forecaster, write_checkpoint
from wattshed.training.guards.budget_stop import BudgetStop
from wattshed.training.loop import train
from wattshed.training.progress import Progress
from wattshed.training.resume import ResumeFile


def train_base(
    given: JobInputs,
    made_by: ModelSpec,
    *,
    checkpoint: Path,
    epochs: Path,
    ledger: Path,
) -> None:
    """Train, or resume a killed training at its last epoch, and write checkpoint, epochs and ledger.

    A budget in the environment may end it early: all three are then whole, and the ledger tells why. Raises
    :class:`Fault` before anything runs where the study's budget is spent.
    """
    task = given.task
    # What computes, not what was wished for: half a training on another back end would not be the same training.
    kernels = made_by.model.form in ("stgnn", "gru")
    engine = choose(given.engine, given.device.type, made_by.model.hidden).name if kernels else "torch"
    fingerprint = training_fingerprint(task, given.graph, made_by, engine)
    resume = ResumeFile(checkpoint.with_suffix(".resume"), fingerprint)
    labels = {"model": made_by.name, "seed": made_by.seed}
    title = f"{made_by.name}, seed {made_by.seed}"
    budget_stop = BudgetStop.from_environment(
        title, ledger, resumes=resume.exists(), needs_gpu=given.device.type == "cuda"
    )
    with metered_job(
        ledger,
        stage="training",
        job=f"train_{made_by.name}-{made_by.seed}",
        labels=labels,
        metering=given.metering,
        resumes=resume.exists(),
        synchronise=synchroniser(given.device),
    ) as meter:
        forecaster = make_forecaster(made_by, task, given.graph, given.device, given.engine)
        batches = make_batches(made_by, task, forecaster)
        with Progress(title, task.panel.unit) as progress:
            training = train(
                forecaster, task, batches, made_by.recipe, meter, labels, resume, progress, budget_stop
            )
        # Written before the ledger is closed: if the disk is full here, the next attempt resumes ledger and all.
        frame = pd.DataFrame(training.epochs)
        # A running sum over epochs whose energy nobody knows would call them free.
        frame["cumulative_kwh"] = frame["energy_kwh"].astype("float64").cumsum(skipna=False)
        write_parquet(epochs, frame)
        write_checkpoint(checkpoint, forecaster.network, made_by)
    resume.remove()


def make_batches(made_by: ModelSpec, task: ForecastTask, forecaster: NeuralForecaster) -> Batches:
    recipe = made_by.recipe
    if recipe.sampling == "windows":
        windows = WindowBatches(task, forecaster.series, made_by.seed, recipe.batch, recipe.steps_per_epoch)
        shares = recipe.edge_keep_share, recipe.node_keep_share
        if shares == (1, 1):
            return windows
        network = forecaster.network
        if not isinstance(network, ReferenceSTGNN):
            raise TypeError(f"{made_by.name} does not compute on all nodes, of which a part could be drawn")
        return SampledGraphBatches(windows, network.adjacency, made_by.seed, *shares)
    if recipe.sampling == "sequences":
        return SequenceBatches(
            forecaster.series,
            task.panel.observed,
            task.origins(task.splits.train),
            task.windows.horizon_h,
            made_by.seed,
            recipe.batch,
            recipe.sequence_h,
            recipe.burn_in_h,
            recipe.steps_per_epoch,
        )
    return PairBatches(
        forecaster.series,
        task.panel.observed,
        task.origins(task.splits.train),
        task.windows.horizon_h,
        made_by.seed,
        recipe.batch,
        recipe.steps_per_epoch,
    )


def training_fingerprint(task: ForecastTask, graph: Graph, made_by: ModelSpec, engine: str) -> str:
    """Digest of data and recipe: only an identical training may be resumed."""
    digest = hashlib.sha256()
    adjacency = graph.adjacency
    for array in (
        task.panel.values,
        task.panel.observed,
        adjacency.data,
        adjacency.indices,
        adjacency.indptr,
    ):
        digest.update(np.ascontiguousarray(array).data)
    blocks = [made_by.model.model_dump(), made_by.recipe.model_dump(), made_by.windows.model_dump()]
    program = [torch.__version__, torch.get_num_threads(), engine]
    digest.update(json.dumps([made_by.name, made_by.seed, str(task.splits), blocks, program]).encode())
    return digest.hexdigest()
