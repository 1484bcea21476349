"""What a compression method gets in a job, on the small panel, with a recipe of a few steps."""

import torch

from model_blocks import model_block
from wattshed.compression.methods.making import Making
from wattshed.config.models.compression import TuningBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.forecast.neural import NeuralForecaster
from wattshed.training.by_recipe import train_by_recipe
from wattshed.training.checkpoint import ModelSpec, Step, make_forecaster

CPU = torch.device("cpu")


def short_recipe(**changes):
    keys = {
        "sampling": "pairs", "batch": 16, "epochs": 3, "steps_per_epoch": 4, "learning_rate": 5e-3,
        "schedule": "cosine", "scaling": "node", "validation_windows": 20, **changes,
    }  # fmt: skip
    return RecipeBlock(**keys)


def making_on(
    task, study_graph, form="stgnn", seed=3, recipe=None, steps=("variant",), trained=False, **model
):
    """A checkpoint's making; trained: by the recipe, from the seed's first weights, as a base model is.

    Weights of an untrained network get noise, so that all of them differ from zero.
    """
    recipe = recipe or short_recipe(
        **({"sampling": "windows", "batch": 2} if form == "stgnn_reference" else {})
    )
    block = model_block(form, **({} if form == "dlinear" else {"hidden": 8}) | model)
    spec = ModelSpec("model", seed, block, recipe, task.windows)
    forecaster = make_forecaster(spec, task, study_graph, CPU)
    if trained:
        train_by_recipe(forecaster, task, spec)
    else:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weights in forecaster.network.parameters():
                weights.add_(0.1 * torch.randn(weights.shape, generator=generator))
    for name in steps:
        spec = spec.after(Step(name, "method", name, {}))
    return Making(forecaster, task, study_graph, spec, TuningBlock(batch=32, learning_rate=1e-2))


def forecast_of(network, making):
    """Forecast of five windows in the panel's unit, on torch."""
    forecaster = NeuralForecaster(network, making.forecaster.series, making.task.windows.horizon_h)
    return forecaster.forecast(making.part.origins[:5])
