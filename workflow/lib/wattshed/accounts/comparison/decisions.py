"""Which model is best, which cannot be told apart from it, and which of these is cheapest: the study's one decision.

The choice is made on the validation part. The test part only reports.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Comparison, Part, Status
from wattshed.statistics.by_day import ERRORS, ErrorsByDay, errors_by_day
from wattshed.statistics.decisions import PERFECT, Spread, outcomes

# A cheaper model may err at most this much more, however little the data can tell: the error budget of compression.
MARGIN = 0.05
# Models without randomness have one run with this seed.
NO_SEED = 0
SEED_ENDS = ("seed_low", "seed_high")
DAY_ENDS = ("day_low", "day_high")
CHANGE = ("change_share", "change_low", "change_high", "p_value")
COLUMNS = (
    *("model", "n", "validation_error", "validation_outcome"),
    *("error", *SEED_ENDS, *DAY_ENDS, "low", "high", "wider"),
    *(*CHANGE, "outcome", "training_kwh", "energy_status"),
)


@dataclass(frozen=True)
class Decisions:
    """What the study decides, and what it rests on.

    best: the model of least validation error. alike: those that the validation part cannot tell apart
    from it, and whose error there is at most :data:`MARGIN` higher.
    controls: models that are compared and never chosen.
    use: of best and alike, the one of least training energy; the best if no energy is known. unknown: of these, those
    without a known energy. single: models trained with one seed, whose spread over seeds is unknown. error: ``rmse`` or
    ``mae``. days, blocks: of the test part.

    frame: one row per model, least test error first: ``model, n`` (seeds), ``validation_error, validation_outcome``
    (against the best), and of the test part ``error``, its 95 % intervals over seeds (``seed_low, seed_high``) and
    over blocks of days (``day_low, day_high``), the ``wider`` of the two (``seeds`` or ``days``) as ``low, high``;
    against the best ``change_share`` with the 95 % interval ``change_low, change_high`` of the paired test, its
    ``p_value`` (uncorrected), and ``outcome`` (:class:`Comparison`, corrected). The best's own outcome is null.
    ``training_kwh`` and ``energy_status`` are those of ``energies``. Bounds are NaN where there is one seed or block.
    """

    best: str
    alike: tuple[str, ...]
    use: str
    unknown: tuple[str, ...]
    single: tuple[str, ...]
    error: str
    days: int
    blocks: int
    controls: tuple[str, ...]
    frame: pd.DataFrame

    def row(self, model: str) -> dict[str, Any]:
        """The row of one model of ``frame``."""
        found = self.frame[self.frame["model"] == model]
        return {str(name): value for name, value in found.iloc[0].items()}


def decide(
    days: pd.DataFrame, energies: pd.DataFrame, error: str = "rmse", controls: Collection[str] = ()
) -> Decisions:
    """Best on validation, what cannot be told apart from it, the cheapest of these, and what the test part says.

    days: ``accuracy/days.parquet`` with ``model, seed, part, day, squared, absolute, cells``; energies: one row per
    model with ``model, training_kwh_mean, energy_status``; a model without a row has an unknown energy, and one that
    needs no fit costs nothing; controls: models, such as one on a shuffled graph, that are compared and never chosen.
    Every pair of models is a comparison of the validation part, since the best was picked by it; of the test part,
    every model against the best. Raises :class:`Fault` without both parts, and for models
    without common days.
    """
    if error not in ERRORS:
        raise Fault(f"{error} cannot be decided by: expected one of {', '.join(ERRORS)}; choose another.")
    validation, test = (_part(days, part, error) for part in (Part.VALIDATION, Part.TEST))
    models = [model for model in validation.sums if model in test.sums]
    choosable = [model for model in models if model not in controls]
    if not choosable:
        raise Fault(
            "no model has errors on both the validation and the test part: forecast both parts first."
        )
    chosen = {model: math.exp(float(validation.error(model).log)) for model in models}
    best = min(choosable, key=lambda model: chosen[model])
    others = [model for model in models if model != best]
    pairs = len(list(combinations(models, 2)))
    on_validation = _outcomes([validation.against(model, best) for model in others], pairs)
    against = [test.against(model, best) for model in others]
    on_test = _outcomes(against)
    known = {str(row["model"]): row for row in energies.to_dict("records")}
    rows = [
        {
            "model": model,
            "n": len(test.seeds[model]),
            "validation_error": chosen[model],
            "validation_outcome": dict(zip(others, on_validation, strict=True)).get(model),
            **_errors(test.error(model)),
            **_change(dict(zip(others, against, strict=True)).get(model)),
            "outcome": dict(zip(others, on_test, strict=True)).get(model),
            **_energy(known.get(model)),
        }
        for model in models
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values("error", kind="stable", ignore_index=True)
    alike = tuple(
        model
        for model, outcome in zip(others, on_validation, strict=True)
        if outcome != Comparison.WORSE and model in choosable and chosen[model] <= (1 + MARGIN) * chosen[best]
    )
    candidates = [best, *alike]
    cost = {row["model"]: float(row["training_kwh"]) for row in rows}
    priced = sorted(
        (cost[model], chosen[model], model) for model in candidates if not math.isnan(cost[model])
    )
    return Decisions(
        best=best,
        alike=alike,
        use=priced[0][2] if priced else best,
        unknown=tuple(model for model in candidates if math.isnan(cost[model])),
        single=tuple(
            model for model in models if test.seeds[model] != (NO_SEED,) and len(test.seeds[model]) == 1
        ),
        error=error,
        days=len(test.cells),
        blocks=int(test.blocks.max()) + 1,
        controls=tuple(model for model in models if model in controls),
        frame=frame,
    )


def changes_against(days: pd.DataFrame, reference: str, error: str = "rmse") -> pd.DataFrame:
    """How much the test error of every model differs from that of one, by the same paired test.

    days, error: as :func:`decide`. One row per model: ``model, change_share, change_low, change_high, p_value,
    outcome``; the reference's own values are null. Raises :class:`Fault` for a reference that has no errors by day.
    """
    test = _part(days, Part.TEST, error)
    if reference not in test.sums:
        raise Fault(f"{reference} has no errors by day: expected one of {', '.join(test.sums)}; name one.")
    others = [model for model in test.sums if model != reference]
    found = [test.against(model, reference) for model in others]
    rows = [
        {"model": model, **_change(one), "outcome": outcome}
        for model, one, outcome in zip(others, found, _outcomes(found), strict=True)
    ]
    return pd.DataFrame(
        [*rows, {"model": reference, **_change(None), "outcome": None}], columns=["model", *CHANGE, "outcome"]
    )


def error_bounds(found: Spread) -> tuple[float, float]:
    """95 % interval of an error over seeds and days together; NaN where it has no logarithm or the days are too few."""
    return _exp(found.bounds())


def _part(days: pd.DataFrame, part: str, error: str) -> ErrorsByDay:
    return errors_by_day(days[days["part"] == part], "model", error, f"the models' errors of the {part} part")


def _outcomes(found: Sequence[Spread], family: int | None = None) -> list[Comparison]:
    return outcomes([float(one.log) for one in found], [float(one.p_values()) for one in found], family)


def _errors(found: Spread) -> dict[str, Any]:
    seed, day = (_exp(bounds) for bounds in (found.seed_bounds(), found.day_bounds()))
    if float(found.seed_variance) == 0:
        # Seeds that give the same forecasts are one run.
        seed = (math.nan, math.nan)
    widths = [math.log(high / low) if low > 0 else math.nan for low, high in (seed, day)]
    by_seeds = math.isnan(widths[1]) or (not math.isnan(widths[0]) and widths[0] > widths[1])
    low, high = seed if by_seeds else day
    return {
        "error": math.exp(float(found.log)) if float(found.log) > -PERFECT else 0.0,
        **dict(zip((*SEED_ENDS, *DAY_ENDS), (*seed, *day), strict=True)),
        "low": low,
        "high": high,
        "wider": "seeds" if by_seeds else "days",
    }


def _exp(bounds: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[float, float]:
    """No bounds where a forecast was perfect: its error has no logarithm."""
    low, high = float(bounds[0]), float(bounds[1])
    return (math.exp(low), math.exp(high)) if low > -PERFECT and high < PERFECT else (math.nan, math.nan)


def _change(found: Spread | None) -> dict[str, float]:
    if found is None:
        return dict.fromkeys(CHANGE, math.nan)
    low, high = _exp(found.bounds())
    log = float(found.log)
    share = math.nan if log >= PERFECT else math.expm1(log)
    values = (share, low - 1, high - 1, float(found.p_values()))
    return dict(zip(CHANGE, values, strict=True))


def _energy(row: Mapping[Any, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"training_kwh": math.nan, "energy_status": Status.MISSING}
    status = str(row["energy_status"])
    kwh = 0.0 if status == Status.NO_FIT else float(row["training_kwh_mean"])
    return {"training_kwh": kwh, "energy_status": status}
