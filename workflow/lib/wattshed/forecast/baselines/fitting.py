"""Fit and forecast all baselines, as one metered job."""

from functools import partial
from pathlib import Path

import numpy as np

from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.metrics import rmse
from wattshed.forecast.protocol import ForecastTask, evenly_spaced

VALIDATION_WINDOWS = 500


def fit_baselines(
    outputs: dict[str, Path],
    task: ForecastTask,
    graph: Graph,
    test_windows: int,
    metering: MeteringBlock,
    ledger: Path,
) -> None:
    """Fit each named baseline and write its test forecasts.

    A fit takes milliseconds: it is repeated until its energy is large enough to be measured.
    """
    check = evenly_spaced(task.origins(task.splits.validation), VALIDATION_WINDOWS)
    origins = evenly_spaced(task.origins(task.splits.test), test_windows)
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    with metered_job(ledger, stage="training", job=ledger.stem, labels={}, metering=metering) as meter:
        for name, output in outputs.items():
            baseline = make_baseline(name, task, graph)
            baseline.fit()
            judged = {"validation_rmse": rmse(baseline.forecast(check), *task.truth(check))}
            meter.repeat("fit", baseline.fit, judged, warm_up_calls=0, model=name)
            Forecasts(origins, baseline.forecast(origins)[np.newaxis], [0]).write(output)
            meter.repeat("forecast", partial(baseline.forecast, origins), counted, model=name)
