"""A baseline fitted and scored at every rolling origin, as one metered job."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from wattshed.energy.metered_job import metered_job
from wattshed.forecast.baselines.fitting import checked_forecasts
from wattshed.forecast.baselines.protocol import make_baseline
from wattshed.forecast.days import score_origin, write_origins
from wattshed.forecast.job_inputs import JobInputs
from wattshed.foundation.vocabulary import Stage, Window


def roll_baseline(name: str, origins: Sequence[JobInputs], output: Path, ledger: Path) -> None:
    """Fit and score the baseline at each origin in turn; write its errors by day and the ledger.

    Nothing is random in a baseline: its seed is 0. A killed job begins again. Raises :class:`Fault` for forecasts of
    another shape, and for forecasts that are not finite.
    """
    frames = []
    with metered_job(
        ledger, stage=Stage.ROLLING, job=f"roll_{name}", labels={"model": name}, metering=origins[0].metering
    ) as meter:
        for origin, inputs in enumerate(origins, start=1):
            baseline = make_baseline(name, inputs.task, inputs.graph)
            meter.repeat(Window.FIT, baseline.fit, warm_up_calls=0, model=name, origin=origin)
            forecast = partial(checked_forecasts, name, baseline, task=inputs.task)
            frames.append(score_origin(forecast, inputs.task, model=name, seed=0, origin=origin))
        write_origins(output, frames)
