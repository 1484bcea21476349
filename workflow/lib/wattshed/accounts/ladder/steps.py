"""The ladder: cost and errors of every step, and what it spends until it reaches its opponents' best."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.ladder.checks import RUN, Spent, until_best, until_end, until_error, whole_runs
from wattshed.energy.reading import worst_status
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.statistics.ratios import ratio_interval
from wattshed.statistics.summaries import column_interval

ROLES = ("reference", "tuned")
# How a step is compared with a target: at its own best, by its validation error, or by its test error.
OWN_BEST, BY_VALIDATION, BY_TEST = "own best", "validation", "test"
PER_RUN = ("training_kwh", "training_s", "samples", "best_rmse")
ERRORS = ("rmse", "mae")
PARTS = ("n", "mean", "low", "high")


@dataclass(frozen=True)
class _Opponent:
    """``best_rmse``: mean over seeds of the least validation RMSE; ``kwh``: each seed's energy until then."""

    model: str
    best_rmse: float
    test_rmse: float
    kwh: list[float]


def ladder_frame(
    checks: pd.DataFrame,
    scores: pd.DataFrame,
    captions: Mapping[str, str],
    opponents: Mapping[str, str],
) -> pd.DataFrame:
    """One row per step, in climbing order.

    checks: of :func:`training_checks`; scores: ``scores.parquet``; captions: step to its change, in order;
    opponents: ``reference`` and perhaps ``tuned``, each to its step. Columns: ``step`` (from 1), ``model, caption``,
    ``role`` (of an opponent, else empty), ``seeds``, ``not_alone`` (of these), ``energy_status``; ``_n, _mean, _low,
    _high`` (95 % intervals over seeds) of ``training_kwh, training_s``, ``samples`` [(node, window) pairs],
    ``best_rmse`` (least validation RMSE), ``rmse`` and ``mae`` (test). Then per role ``{role}_judged_by`` and
    ``{role}_reached`` (seeds that reached the opponent's best), ``{role}_at_first`` (of these, at their very first
    check), the same four of ``{role}_kwh, _s, _samples`` until then over the seeds that reached it, and
    ``{role}_ratio, _ratio_low, _ratio_high``: the opponent's energy to its own best over this step's energy to the same
    error, above 1 where the step is cheaper; null unless every seed reached it with a known energy. Without a tuned
    opponent, its columns are null. A step without validation errors is compared by its test RMSE with the opponent's
    mean test RMSE, at all its energy. Raises :class:`Fault` for a step without scores and an opponent without
    validation errors.
    """
    runs = whole_runs(checks)
    errors = scores[scores["scope"] == "all"]
    held = {role: _opponent(role, model, checks, runs, errors) for role, model in opponents.items()}
    roles = {model: role for role, model in opponents.items()}
    rows = []
    for place, (model, caption) in enumerate(captions.items(), start=1):
        own, scored = runs[runs["model"] == model], _scored(errors, model)
        row: dict[str, Any] = {
            "step": place,
            "model": model,
            "caption": caption,
            "role": roles.get(model, ""),
            "seeds": own["seed"].nunique(),
            "not_alone": int((own["alone"] == False).sum()),  # noqa: E712
            "energy_status": worst_status(own.loc[_told(own), "energy_status"]),
        }
        for name in PER_RUN:
            row |= _summary(name, own[name])
        for name in ERRORS:
            row |= _summary(name, scored[name])
        of_step = [run for _, run in checks[checks["model"] == model].groupby(RUN, sort=False)]
        for role in ROLES:
            row |= _against(role, held.get(role), model, of_step, scored)
        rows.append(row)
    return _typed(pd.DataFrame(rows))


def _opponent(
    role: str, model: str, checks: pd.DataFrame, runs: pd.DataFrame, errors: pd.DataFrame
) -> _Opponent:
    best = runs.loc[runs["model"] == model, "best_rmse"]
    if best.isna().any():
        raise Fault(
            f"the ladder's {role} {model!r} has no validation error: expected one after every epoch of every seed; "
            "name a trained model."
        )
    own = checks[checks["model"] == model]
    kwh = [until_best(run).kwh for _, run in own.groupby(RUN, sort=False)]
    return _Opponent(model, float(best.mean()), float(_scored(errors, model)["rmse"].mean()), kwh)


def _against(
    role: str, opponent: _Opponent | None, model: str, runs: list[pd.DataFrame], scored: pd.DataFrame
) -> dict[str, Any]:
    """The columns of one step and one opponent."""
    spent: dict[tuple[int, int], Spent]
    if opponent is None:
        judged_by, spent = None, {}
    else:
        judged_by, until = _way(opponent, model, runs, scored)
        spent = {}
        for run in runs:
            if (found := until(run)) is not None:
                spent[int(run["seed"].iloc[0]), int(run["trial"].iloc[0])] = found
    there = {seed for seed, _ in spent}
    at_first = {seed for (seed, _), found in spent.items() if found.check == 1}
    row: dict[str, Any] = {
        f"{role}_judged_by": judged_by,
        f"{role}_reached": None if judged_by is None else len(there),
        f"{role}_at_first": None if judged_by is None else len(at_first),
    }
    for name in ("kwh", "s", "samples"):
        row |= _summary(f"{role}_{name}", [getattr(found, name) for found in spent.values()])
    # The ratio over only the seeds that reached it would be too good.
    whole = opponent is not None and len(spent) == len(runs)
    ratio = ratio_interval(
        opponent.kwh if opponent and whole else [], [found.kwh for found in spent.values()]
    )
    bounds = (None, None) if judged_by == OWN_BEST else (ratio.low, ratio.high)
    return row | dict(
        zip((f"{role}_ratio{end}" for end in ("", "_low", "_high")), (ratio.mean, *bounds), strict=True)
    )


def _way(
    opponent: _Opponent, model: str, runs: list[pd.DataFrame], scored: pd.DataFrame
) -> tuple[str, Callable[[pd.DataFrame], Spent | None]]:
    """How a step is compared with the opponent, and a function that gives what a run spent until the target."""
    if model == opponent.model:
        return OWN_BEST, until_best
    if any(run["validation_rmse"].notna().any() for run in runs):
        return BY_VALIDATION, lambda run: until_error(run, opponent.best_rmse)
    by_seed = scored.set_index(scored["seed"].fillna(0).astype("int64"))["rmse"]

    def by_test(run: pd.DataFrame) -> Spent | None:
        error = by_seed.get(int(run["seed"].iloc[0]), np.nan)
        return until_end(run) if error <= opponent.test_rmse else None

    return BY_TEST, by_test


def _told(own: pd.DataFrame) -> pd.Series:
    """Runs of known energy, and those that had nothing to fit."""
    return own["training_kwh"].notna() | own["energy_status"].eq(Status.NO_FIT)


def _scored(errors: pd.DataFrame, model: str) -> pd.DataFrame:
    found = errors[errors["model"] == model]
    if found.empty:
        raise Fault(
            f"the scores hold no test error of the ladder's step {model!r}: expected one row per seed; score its "
            "forecasts first."
        )
    return found


def _summary(name: str, values: Sequence[float] | pd.Series) -> dict[str, Any]:
    # Samples are counted, and are 0 where a closed form does it all.
    found = column_interval("samples" if name.endswith("samples") else name, map(float, values))
    return {
        f"{name}_n": found.n,
        f"{name}_mean": found.mean,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
    }


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Types that do not depend on which values happen to be known."""
    names = [*PER_RUN, *ERRORS, *(f"{role}_{name}" for role in ROLES for name in ("kwh", "s", "samples"))]
    types: dict[str, str] = {
        f"{name}_{part}": "int64" if part == "n" else "float64" for name in names for part in PARTS
    }
    for role in ROLES:
        types |= {f"{role}_ratio{end}": "float64" for end in ("", "_low", "_high")}
        types |= {f"{role}_reached": "Int64", f"{role}_at_first": "Int64", f"{role}_judged_by": "object"}
    return frame.astype(types)
