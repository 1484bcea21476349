"""A trained network on disk: its weights, and the spec that it is rebuilt by."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wattshed import __version__
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.families import read_model
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.graph import Graph
from wattshed.engine.choice import Wanted
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask
from wattshed.forecast.series import ScaledSeries
from wattshed.foundation import plugins
from wattshed.foundation.extending.kinds import KINDS, KindName
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_MINUTES
from wattshed.foundation.tensor_file import read_description, read_tensors, write_tensors
from wattshed.training.spec import ModelSpec, Step, TrainedOn, make_forecaster

# Changes whenever a checkpoint of before can no longer be read.
FORMAT = 1
CHECKPOINT = "checkpoint"
# Folder of a study's checkpoints, as the rules name it.
FOLDER = "checkpoints"


def write_checkpoint(path: Path | str, network: nn.Module, spec: ModelSpec) -> None:
    """Write weights and spec; the file appears complete or not at all."""
    tensors = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
    write_tensors(path, tensors, _describe(spec), kind=CHECKPOINT)


def write_unavailable(path: Path | str, spec: ModelSpec, reason: str) -> None:
    """Write a checkpoint without weights that says why this machine cannot make it."""
    write_tensors(path, {}, {**_describe(spec), "unavailable": reason}, kind=CHECKPOINT)


def read_spec(path: Path | str) -> tuple[ModelSpec, str | None]:
    """The spec of a checkpoint, and why there are no weights in it (None where there are)."""
    about = read_description(path, kind=CHECKPOINT)
    return _refuse_renamed(path, _spec_of(about, path)), about.get("unavailable")


def read_checkpoint(
    path: Path | str,
    task: ForecastTask,
    graph: Graph,
    device: torch.device,
    engine: Wanted = "auto",
    series: ScaledSeries | None = None,
) -> tuple[NeuralForecaster, ModelSpec]:
    """Rebuild the forecaster that :func:`write_checkpoint` saved, on a task with the same windows.

    series: of another checkpoint of the same model and graph, to share; None makes them.
    Raises :class:`Fault` for a checkpoint of other windows, another panel, graph or library version, one that could
    not be made, and one whose tensors do not fit.
    """
    arrays, about = read_tensors(path, kind=CHECKPOINT)
    spec = _refuse_renamed(path, _spec_of(about, path))
    if "unavailable" in about:
        raise Fault(
            f"{path} holds no network because its last step cannot run here ({about['unavailable']}): take another "
            "checkpoint, or run that step on a machine that can."
        )
    if spec.windows != task.windows:
        raise Fault(
            f"{path} forecasts {_words(spec.windows)}, the task asks for {_words(task.windows)}: train it again."
        )
    _refuse_other_data(path, spec, task, graph)
    forecaster = make_forecaster(spec, task, graph, device, engine, series)
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    refuse_misfit(path, weights, forecaster.network)
    forecaster.network.load_state_dict(weights)
    return forecaster, spec


def _words(windows: WindowsBlock) -> str:
    step = "" if windows.step_minutes == HOUR_MINUTES else f" in steps of {windows.step_minutes} minutes"
    return f"{windows.horizon_h:g} h from {windows.look_back_h:g} h{step}"


def _refuse_other_data(path: Path | str, spec: ModelSpec, task: ForecastTask, graph: Graph) -> None:
    if spec.trained_on is None:
        return
    for what, known, found in (
        ("panel", spec.trained_on.panel, task.panel_digest),
        ("graph", spec.trained_on.graph, graph.digest),
    ):
        if known != found:
            raise Fault(
                f"{path} was trained on another {what} (digest {known[:12]}, here {found[:12]}): expected the {what} "
                "of its own study; name that study's data, or train again on this one."
            )


def refuse_misfit(path: Path | str, weights: dict[str, Tensor], network: nn.Module) -> None:
    """Raises :class:`Fault` for the first tensor that is missing, unknown to the network, or of another shape."""
    expected = network.state_dict()
    for name in dict.fromkeys([*expected, *weights]):
        found, wanted = (
            f"has the shape {list(tensors[name].shape)}" if name in tensors else "does not exist"
            for tensors in (weights, expected)
        )
        if found != wanted:
            raise Fault(
                f"{path} does not fit the network it describes: its tensor {name} {found}, in the network it {wanted}; "
                "it was made on another panel or by another version of wattshed: delete the file and train again."
            )


def _describe(spec: ModelSpec) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "wattshed": __version__,
        "name": spec.name,
        "seed": spec.seed,
        "model": spec.model.model_dump(mode="json"),
        "recipe": spec.recipe.model_dump(mode="json"),
        "windows": spec.windows.model_dump(mode="json"),
        "lineage": spec.lineage,
        "steps": [
            {"name": step.name, "kind": step.kind, "plugin": step.plugin, "settings": step.settings}
            for step in spec.steps
        ],
        "trained_on": None if spec.trained_on is None else asdict(spec.trained_on),
    }


def _refuse_unknown_plugins(about: dict[str, Any], path: Path | str) -> None:
    """Strategies are not asked for: a checkpoint is read without them."""
    try:
        used: list[tuple[KindName, str]] = [
            ("family", about["model"]["form"]),
            *(("method", step["plugin"]) for step in about["steps"] if step["kind"] == "method"),
            *(
                ("family", step["settings"]["student"]["form"])
                for step in about["steps"]
                if "student" in step["settings"]
            ),
        ]
    except (KeyError, TypeError):  # what is missing is named when the checkpoint is read
        return
    for kind, name in used:
        if name not in plugins.names(kind):
            raise Fault(
                f"{path} was made by the {KINDS[kind].what} {name!r}, which is not one of wattshed's: name its "
                "file with --plugins."
            )


def _refuse_renamed(path: Path | str, spec: ModelSpec) -> ModelSpec:
    """In a study's own folder a checkpoint has the name of its lineage and seed; elsewhere any."""
    place, expected = Path(path), f"{spec.lineage}-{spec.seed}"
    if place.parent.name == FOLDER and place.stem != expected:
        raise Fault(
            f"{path} holds the checkpoint {expected}: expected the one that the file is named after; rename it back, "
            "or delete it and run snakemake again."
        )
    return spec


def _spec_of(about: dict[str, Any], path: Path | str) -> ModelSpec:
    if about.get("format") != FORMAT:
        raise Fault(
            f"{path} has the checkpoint format {about.get('format', 'of an early version')}, made by wattshed "
            f"{about.get('wattshed', 'unknown')}; expected {FORMAT}: read it with the version that made "
            "it, or train again."
        )
    _refuse_unknown_plugins(about, path)
    try:
        return ModelSpec(
            name=about["name"],
            seed=about["seed"],
            model=read_model(about["model"]),
            recipe=RecipeBlock.model_validate(about["recipe"]),
            windows=WindowsBlock.model_validate(about["windows"]),
            steps=tuple(Step(**step) for step in about["steps"]),
            trained_on=TrainedOn(**about["trained_on"]) if about["trained_on"] else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(
            f"{path} is not a checkpoint of this version of wattshed ({type(error).__name__}: {error}): "
            "expected name, "
            "seed, model, recipe, windows and steps; name another file, or train again."
        ) from error
