"""False-alarm rate and power of the guard, by simulation."""

import numpy as np

from wattshed.accounts.guard.records import Energy, GuardRecord, ModelRecord
from wattshed.accounts.guard.verdicts import compare
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.levels import ALPHA


def alarm_share(
    *,
    rise: float,
    trials: int = 2000,
    seeds: int = 10,
    epochs: int = 1,
    noise: float = 0.03,
    run_noise: float = 0.0,
    models: int = 1,
    alpha: float = ALPHA,
    random_seed: int = 0,
) -> float:
    """Share of trials in which at least one model counts as regressed.

    rise: true change of the first model's energy, 0.05 for 5 %; the others do not change. noise: relative
    deviation of every single measurement, run_noise of every run as a whole; ``seeds * epochs`` pairs a model.
    """
    random = np.random.default_rng(random_seed)
    alarms = 0
    for _ in range(trials):
        names = [f"model_{number}" for number in range(models)]
        before = {name: _measured(random, 0.0, seeds, epochs, noise, run_noise) for name in names}
        now = {
            name: _measured(random, 0.0 if place else rise, seeds, epochs, noise, run_noise)
            for place, name in enumerate(names)
        }
        verdicts = compare(_baseline(before), _baseline(now), alpha=alpha)
        alarms += any(verdict.regressed for verdict in verdicts)
    return alarms / trials


def _measured(
    random: np.random.Generator, rise: float, seeds: int, epochs: int, noise: float, run_noise: float
) -> list[Energy]:
    size = 2e-5 * (1 + 0.1 * np.arange(epochs))
    whole = 1 + run_noise * random.standard_normal((seeds, 1))
    each = 1 + noise * random.standard_normal((seeds, epochs))
    kwh = (1 + rise) * size * whole * each
    return [
        Energy(seed, epoch + 2, float(kwh[seed, epoch])) for seed in range(seeds) for epoch in range(epochs)
    ]


def _baseline(models: dict[str, list[Energy]]) -> GuardRecord:
    records = {
        name: ModelRecord(1000, {"cpu": Status.MEASURED}, {"cpu": "simulated"}, epochs)
        for name, epochs in models.items()
    }
    return GuardRecord({"processor": "simulated"}, None, None, records)
