"""Fit and forecast all baselines, as one metered job."""

import time
from collections.abc import Mapping
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
from wattshed.foundation.vocabulary import Part, Window

VALIDATION_WINDOWS = 500
# Windows of one baseline's fit, and their longest time together, so that slow baselines such as boosted trees do not
# take minutes.
FIT_TRIALS = 5
LONGEST_TRIALS_S = 60.0


def fit_baselines(
    outputs: Mapping[str, Mapping[Part, Path]],
    task: ForecastTask,
    graph: Graph,
    test_windows: int,
    metering: MeteringBlock,
    ledger: Path,
) -> None:
    """Fit each named baseline and write its forecasts of the test and validation parts.

    outputs: name -> part -> forecasts to write; test_windows: most windows of either part. A fit takes milliseconds: it
    is repeated until its energy is large enough to be measured, and in :data:`FIT_TRIALS` windows, so that its energy
    has an interval; in fewer if they would take longer than :data:`LONGEST_TRIALS_S`. Raises :class:`Fault` for
    forecasts of another shape, and for forecasts that are not finite.
    """
    check = evenly_spaced(task.origins(task.splits.validation), VALIDATION_WINDOWS)
    parts = {
        part: evenly_spaced(task.origins(segment), test_windows)
        for part, segment in ((Part.TEST, task.splits.test), (Part.VALIDATION, task.splits.validation))
    }
    origins = parts[Part.TEST]
    counted = {"forecasts": len(origins) * len(task.panel.node_names)}
    with metered_job(ledger, stage="training", job=ledger.stem, labels={}, metering=metering) as meter:
        for name, paths in outputs.items():
            baseline = make_baseline(name, task, graph)
            start_s = time.perf_counter()
            baseline.fit()
            fit_s = time.perf_counter() - start_s
            judged = {
                "validation_rmse": rmse(checked_forecasts(name, baseline, check, task), *task.truth(check))
            }
            meter.measure(
                Window.FIT,
                baseline.fit,
                trials=trials_of(fit_s),
                warm_up_calls=0,
                values=judged,
                model=name,
            )
            for part, path in paths.items():
                made = checked_forecasts(name, baseline, parts[part], task)[np.newaxis]
                Forecasts(parts[part], made, [0]).write(path)
            meter.repeat(Window.FORECAST, partial(baseline.forecast, origins), counted, model=name)


def trials_of(fit_s: float) -> int:
    """In how many windows a fit of that duration is measured."""
    return max(1, min(FIT_TRIALS, int(LONGEST_TRIALS_S / max(fit_s, 1e-9))))


def checked_forecasts(name: str, baseline: Baseline, origins: np.ndarray, task: ForecastTask) -> np.ndarray:
    """The baseline's forecasts [B, H, N], checked."""
    found = np.asarray(baseline.forecast(origins))
    expected = (len(origins), task.windows.horizon_steps, len(task.panel.node_names))
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
