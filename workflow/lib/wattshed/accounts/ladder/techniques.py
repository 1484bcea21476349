"""What each technique of a ladder is worth: every step that changes one key, against the step that it changes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from wattshed.accounts.ladder.checks import whole_runs
from wattshed.accounts.ladder.energy_to_error import AT_LEAST, AT_MOST, best_of, ratio_columns, spent_until
from wattshed.energy.reading import worst_status
from wattshed.foundation.vocabulary import Part
from wattshed.statistics.by_day import ERRORS, errors_by_day
from wattshed.statistics.decisions import Spread
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.worth import Candidate, worth_of

# Largest accepted rise of RMSE and of MAE: the source study's own budget.
BUDGET_SHARE = 0.05
ENDS = ("", "_low", "_high")
CHANGES = ("training", "to_error", *ERRORS)
# A ratio of the base's energy over the technique's is a bound; so is the change, on the other side.
OPPOSITE = {AT_LEAST: AT_MOST, AT_MOST: AT_LEAST}


class Technique(NamedTuple):
    """A step of the ladder and the step that it changes. keys: of model and recipe, those that differ."""

    base: str
    model: str
    keys: tuple[str, ...]


def techniques_frame(
    checks: pd.DataFrame, days: pd.DataFrame, techniques: Sequence[Technique], captions: Mapping[str, str]
) -> pd.DataFrame:
    """One row per technique, in the ladder's order.

    checks: of :func:`training_checks`; days: ``accuracy/days.parquet``; captions: step to what it changes. Columns:
    ``key`` (several are joined by commas), ``keys`` (how many), ``base, model, caption, seeds`` (that both have),
    ``base_kwh, training_kwh`` (geometric means over all runs), ``energy_status`` (the worse of both);
    ``training_share, _low, _high``: change of a whole training's energy, paired over seeds; ``to_error_share, ...`` and
    ``to_error_is``: of the energy to the base's own best validation RMSE, unpaired, NaN where a seed does not come
    there; ``rmse_share, ...`` and ``mae_share, ...``: of the test error, paired over seeds and blocks of days;
    ``verdict``: :class:`Worth` within :data:`BUDGET_SHARE`, corrected for all techniques of one base.
    """
    runs = whole_runs(checks)
    candidates = [_candidate(runs, days, one) for one in techniques]
    verdicts: dict[str, str] = {}
    for base in dict.fromkeys(one.base for one in techniques):
        own = [place for place, one in enumerate(techniques) if one.base == base]
        found = worth_of([candidates[place] for place in own], BUDGET_SHARE)
        verdicts |= {techniques[place].model: str(worth) for place, worth in zip(own, found, strict=True)}
    rows = []
    for one, candidate in zip(techniques, candidates, strict=True):
        sides = [runs[runs["model"] == name] for name in (one.base, one.model)]
        rows.append(
            {
                "key": ", ".join(one.keys),
                "keys": len(one.keys),
                "base": one.base,
                "model": one.model,
                "caption": captions[one.model],
                "seeds": len(candidate.costs),
                "base_kwh": geometric_interval(sides[0]["training_kwh"]).mean,
                "training_kwh": geometric_interval(sides[1]["training_kwh"]).mean,
                "energy_status": worst_status(pd.concat([side["energy_status"] for side in sides])),
                **_shares("training", paired_ratio(candidate.costs)),
                **_to_error(checks, one),
                **{
                    name: value
                    for error in ERRORS
                    for name, value in _shares(error, _of_error(candidate.errors.get(error))).items()
                },
                "verdict": verdicts[one.model],
            }
        )
    numbers = [f"{name}_share{end}" for name in CHANGES for end in ENDS]
    columns = [
        "key",
        "keys",
        "base",
        "model",
        "caption",
        "seeds",
        "base_kwh",
        "training_kwh",
        "energy_status",
    ]
    frame = pd.DataFrame(rows, columns=[*columns, *numbers, "to_error_is", "verdict"])
    return frame.astype(dict.fromkeys(["base_kwh", "training_kwh", *numbers], "float64"))


def energy_ratios(runs: pd.DataFrame, base: str, model: str) -> list[float]:
    """Energy of a whole training over that of the base, by seed that both have; NaN where one is unknown.

    runs: of :func:`whole_runs`. A seed that was measured several times counts by its geometric mean.
    """
    by_seed = [
        runs[runs["model"] == name].groupby("seed")["training_kwh"].agg(_geometric) for name in (model, base)
    ]
    ratios = (by_seed[0] / by_seed[1]).reindex(by_seed[0].index.intersection(by_seed[1].index))
    return [float(ratio) for ratio in ratios]


def paired_ratio(ratios: Sequence[float]) -> Interval:
    """Geometric mean with its 95 % interval; none unless all are known, as leaving one out would bias it."""
    return geometric_interval(ratios) if np.isfinite(ratios).all() else Interval(None, None, None, 0)


def _geometric(energies: pd.Series) -> float:
    found = None if energies.isna().any() else geometric_interval(energies).mean
    return np.nan if found is None else found


def _candidate(runs: pd.DataFrame, days: pd.DataFrame, one: Technique) -> Candidate:
    test = days[(days["part"] == Part.TEST) & days["model"].isin([one.base, one.model])]
    errors: dict[str, Spread] = {}
    if test["model"].nunique() == 2:
        what = f"{one.model} and {one.base}"
        errors = {
            name: errors_by_day(test, "model", name, what).against(one.model, one.base) for name in ERRORS
        }
    return Candidate(energy_ratios(runs, one.base, one.model), errors)


def _of_error(found: Spread | None) -> Interval:
    """As a ratio. One seed shows no chance of training, so that it has no bounds."""
    if found is None:
        return Interval(None, None, None, 0)
    change = found.change()
    ends = [None if value is None else 1 + value for value in (change.mean, change.low, change.high)]
    low, high = ends[1:] if found.seeds > 1 else (None, None)
    return Interval(ends[0], low, high, change.n)


def _shares(name: str, ratio: Interval) -> dict[str, float | None]:
    ends = zip(ENDS, (ratio.mean, ratio.low, ratio.high), strict=True)
    return {f"{name}_share{end}": None if value is None else value - 1 for end, value in ends}


def _to_error(checks: pd.DataFrame, one: Technique) -> dict[str, Any]:
    """The ladder's ratio to the base's own best error, turned round."""
    error = best_of(checks, one.base)
    if error is None:
        return {**_shares("to_error", Interval(None, None, None, 0)), "to_error_is": ""}
    found = ratio_columns(
        spent_until(checks, one.base, error, own_best=True),
        spent_until(checks, one.model, error, own_best=False),
    )
    mean, high, low = (
        None if found[name] is None else 1 / found[name] for name in ("ratio", "ratio_low", "ratio_high")
    )
    return {
        **_shares("to_error", Interval(mean, low, high, 0)),
        "to_error_is": OPPOSITE.get(found["ratio_is"], ""),
    }
