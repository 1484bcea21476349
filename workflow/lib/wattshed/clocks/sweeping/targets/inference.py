"""A checkpoint's inference: the same windows of the test part in each call."""

from wattshed.clocks.sweeping.targets.target import Target
from wattshed.devices.torch_device import synchroniser
from wattshed.forecast.neural import NeuralForecaster
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.training.spec import ModelSpec

WINDOWS_PER_CALL = 64


def inference_target(forecaster: NeuralForecaster, spec: ModelSpec, task: ForecastTask) -> Target:
    """Forecasts of :data:`WINDOWS_PER_CALL` windows, evenly spaced over the test part, in each call."""
    origins = evenly_spaced(task.origins(task.splits.test), WINDOWS_PER_CALL)
    done = synchroniser(forecaster.series.device)

    def call() -> None:
        forecaster.forecast(origins)
        done()

    return Target(f"{spec.lineage} inference", "inference", {"windows_per_call": len(origins)}, call)
