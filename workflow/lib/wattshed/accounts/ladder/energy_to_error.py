"""Energy to an error: at named errors, with ratios, and as a curve over the useful range of errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.ladder.checks import RUN, Spent, until_best, until_error
from wattshed.accounts.ladder.steps import summary
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval, mean_interval
from wattshed.statistics.ratios import ratio_interval

BEST_NAIVE, NEAR_BEST = "best naive", "1 % above the best"
NEAR_SHARE = 1.01
CURVE_POINTS = 80
# What a ratio is worth where one side was at the error at its first look: its energy is an upper bound.
EXACT, AT_LEAST, AT_MOST = "", "at least", "at most"
RATIO = ("ratio", "ratio_low", "ratio_high")


@dataclass(frozen=True)
class Target:
    """A named validation RMSE. owner: the step whose own least error it is; useful: better than the best naive."""

    name: str
    rmse: float
    owner: str | None
    useful: bool


def targets_of(checks: pd.DataFrame, steps: Sequence[str], naive: Sequence[str]) -> list[Target]:
    """The named errors, the largest first: the best naive, each step's own best, and 1 % above the least of all.

    checks: of :func:`training_checks`; steps: whose mean over seeds of the least validation RMSE is a target; naive:
    baselines without any learning. Steps without validation errors give none.
    """
    best = _bests(checks)
    worst_useful = min((best[name] for name in naive if name in best), default=np.inf)
    found = [
        Target(name, best[name], name, bool(best[name] < worst_useful)) for name in steps if name in best
    ]
    if np.isfinite(worst_useful):
        found.append(Target(BEST_NAIVE, worst_useful, None, True))
    if best:
        near = NEAR_SHARE * min(best.values())
        found.append(Target(NEAR_BEST, near, None, bool(near < worst_useful)))
    return sorted(found, key=lambda target: -target.rmse)


def targets_frame(
    checks: pd.DataFrame, targets: Sequence[Target], captions: Mapping[str, str], against: str
) -> pd.DataFrame:
    """One row per target and step: what the step had spent when it first was at most at that error.

    checks: of :func:`training_checks`; captions: the steps, in climbing order; against: the opponent of the ratios.
    Columns: ``target, target_rmse, useful, model, seeds, reached`` (seeds that came there), ``bound`` (of these, at the
    first look at an unfinished training: an upper bound), ``_n, _mean, _low, _high`` of ``kwh, s`` (geometric) and
    ``samples`` over the runs that came there (seeds, of closed forms repeated fits), ``against, ratio, ratio_low,
    ratio_high``: the opponent's energy over this step's, above 1 where this step takes less, and ``ratio_is`` (empty,
    ``at least`` or ``at most``). A step's own best counts for each of its seeds by that seed's own best check. No
    ratio unless every run of both came there with a known energy, so none where there is nothing to fit, nor where both
    energies are bounds.
    """
    runs = {model: _runs(checks, model) for model in captions}
    rows: list[dict[str, Any]] = []
    for target in targets:
        there = {model: _spent(runs[model], target.rmse, model == target.owner) for model in captions}
        for model in captions:
            came = [pair for pair in zip(runs[model], there[model], strict=True) if pair[1] is not None]
            spent = [found for found in there[model] if found is not None]
            rows.append(
                {
                    "target": target.name,
                    "target_rmse": target.rmse,
                    "useful": target.useful,
                    "model": model,
                    "seeds": _seeds(runs[model]),
                    "reached": _seeds([run for run, _ in came]),
                    "bound": _seeds([run for run, found in came if found is not None and found.is_bound]),
                    **summary("kwh", geometric_interval(found.kwh for found in spent)),
                    **summary("s", geometric_interval(found.s for found in spent)),
                    **summary("samples", mean_interval(found.samples for found in spent)),
                    "against": against,
                    **ratio_columns(there[against], there[model], same=model == against),
                }
            )
    numbers = [f"{name}_{part}" for name in ("kwh", "s", "samples") for part in ("mean", "low", "high")]
    return pd.DataFrame(rows).astype(dict.fromkeys([*numbers, *RATIO], "float64"))


def ratio_columns(
    slow: Sequence[Spent | None], quick: Sequence[Spent | None], same: bool = False
) -> dict[str, Any]:
    """``ratio, ratio_low, ratio_high, ratio_is`` of two steps' energies to one error; one entry per run, None where it
    never came there. same: both are the same step, whose ratio to itself is 1."""
    if None in slow or None in quick:
        return _no_ratio()
    above, below = ([found for found in side if found is not None] for side in (slow, quick))
    bounds = [any(found.is_bound for found in side) for side in (above, below)]
    if all(bounds) and not same:
        return _no_ratio()
    found = ratio_interval([one.kwh for one in above], [one.kwh for one in below])
    if found.mean is None:
        return _no_ratio()
    if same:
        found = Interval(1.0, None, None, found.n)
    kind = EXACT if same or not any(bounds) else AT_MOST if bounds[0] else AT_LEAST
    return {**dict(zip(RATIO, (found.mean, found.low, found.high), strict=True)), "ratio_is": kind}


def curves_frame(
    checks: pd.DataFrame, captions: Mapping[str, str], targets: Sequence[Target]
) -> pd.DataFrame:
    """Energy to reach each error of the useful range: one row per step and error that every seed of it came to.

    The range goes from the best naive (the largest target without one) down to the least mean over seeds of a step's
    own best; its errors are evenly spaced on logarithms. Columns: ``model, validation_rmse, seeds, bound`` (seeds that
    were there at the first look), ``kwh_n, kwh_mean, kwh_low, kwh_high`` (geometric). A step that never comes into the
    range has no row, nor has one with nothing to fit.
    """
    columns = [
        "model",
        "validation_rmse",
        "seeds",
        "bound",
        *(f"kwh_{part}" for part in ("n", "mean", "low", "high")),
    ]
    best = _bests(checks)
    if not best or not targets:
        return pd.DataFrame(columns=columns)
    highest = next((target.rmse for target in targets if target.name == BEST_NAIVE), targets[0].rmse)
    least = min(best.values())
    if not (highest > 0 and least > 0):
        # A perfect forecast has no place on logarithms.
        return pd.DataFrame(columns=columns)
    errors = np.geomspace(highest, least, CURVE_POINTS)
    rows: list[dict[str, Any]] = []
    for model in captions:
        runs = _runs(checks, model)
        if any(run["energy_status"].iloc[-1] == Status.NO_FIT for run in runs):
            continue
        for error in errors:
            there = _spent(runs, float(error), own_best=False)
            spent = [found for found in there if found is not None]
            if len(spent) == len(runs):
                rows.append(
                    {
                        "model": model,
                        "validation_rmse": float(error),
                        "seeds": _seeds(runs),
                        "bound": _seeds([run for run, one in zip(runs, spent, strict=True) if one.is_bound]),
                        **summary("kwh", geometric_interval(found.kwh for found in spent)),
                    }
                )
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(["kwh_mean", "kwh_low", "kwh_high"], "float64"))


def spent_until(checks: pd.DataFrame, model: str, rmse: float, own_best: bool) -> list[Spent | None]:
    """What each run of a step had spent at its first check at most at the error; at its best check if ``own_best``."""
    return _spent(_runs(checks, model), rmse, own_best)


def best_of(checks: pd.DataFrame, model: str) -> float | None:
    """Mean over seeds of a step's least validation RMSE; None without one."""
    return _bests(checks).get(model)


def _bests(checks: pd.DataFrame) -> dict[str, float]:
    best = checks.groupby(RUN, sort=False)["validation_rmse"].min()
    means = best.groupby("model", sort=False).mean().dropna()
    return {str(model): float(value) for model, value in means.items()}


def _runs(checks: pd.DataFrame, model: str) -> list[pd.DataFrame]:
    return [run for _, run in checks[checks["model"] == model].groupby(RUN, sort=False)]


def _seeds(runs: Sequence[pd.DataFrame]) -> int:
    return len({int(run["seed"].iloc[0]) for run in runs})


def _spent(runs: Sequence[pd.DataFrame], rmse: float, own_best: bool) -> list[Spent | None]:
    return [until_best(run) if own_best else until_error(run, rmse) for run in runs]


def _no_ratio() -> dict[str, Any]:
    return {**dict.fromkeys(RATIO), "ratio_is": EXACT}
