"""Fit and forecast all baselines, as one metered job."""

from functools import partial
from pathlib import Path

import numpy as np

from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.energy.metered_job import metered_job
from wattshed.forecast.baselines.protocol import Baseline, make_baseline
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.metrics import rmse
from wattshed.forecast.protocol import ForecastTask, evenly_spaced
from wattshed.foundation.faults import Fault

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

    A fit takes milliseconds: it is repeated until its energy is large enough to be measured. Raises :class:`Fault` for
    forecasts of another shape, and for forecasts that are not finite.
    """
    check = evenly_spaced(task.origins(task.splits.validation), VALIDATION_WINDOWS)
    origins = evenly_spaced(task.origins(task.splits.test), test_windows)
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    with metered_job(ledger, stage="training", job=ledger.stem, labels={}, metering=metering) as meter:
        for name, output in outputs.items():
            baseline = make_baseline(name, task, graph)
            baseline.fit()
            judged = {
                "validation_rmse": rmse(checked_forecasts(name, baseline, check, task), *task.truth(check))
            }
            meter.repeat("fit", baseline.fit, judged, warm_up_calls=0, model=name)
            Forecasts(origins, checked_forecasts(name, baseline, origins, task)[np.newaxis], [0]).write(
                output
            )
            meter.repeat("forecast", partial(baseline.forecast, origins), counted, model=name)


def checked_forecasts(name: str, baseline: Baseline, origins: np.ndarray, task: ForecastTask) -> np.ndarray:
    """The baseline's forecasts [B, H, N], checked."""
    found = np.asarray(baseline.forecast(origins))
    expected = (len(origins), task.windows.horizon_h, len(task.panel.node_names))
    if found.shape != expected:
        raise Fault(
            f"the baseline {name!r} forecasts the shape {list(found.shape)}: expected {list(expected)}, windows x "
            "hours x nodes; correct the plug-in."
        )
    if not np.isfinite(found).all():
        raise Fault(
            f"the baseline {name!r} forecasts {np.sum(~np.isfinite(found)):,} values that are not finite: expected "
            "numbers; look for implausible values in the panel (quality.parquet), or remove the baseline."
        )
    return found
