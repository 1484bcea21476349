"""The checkpoint that takes the least energy in total among those that are shown to keep all limits."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from wattshed.accounts.recommend.left_out import blamed_limits
from wattshed.accounts.recommend.limits import Limits, Option, OptionStanding, Recommendation
from wattshed.accounts.recommend.reasons import (
    bytes_text,
    errors_text,
    joules_text,
    latency_text,
    more_energy_text,
)
from wattshed.accounts.recommend.reference import reference_of
from wattshed.compression.rises import UNKNOWN, r2_excess, rise_on
from wattshed.compression.verdicts import floor_text
from wattshed.foundation.vocabulary import LINEAGE_JOINT, Part
from wattshed.statistics.decisions import Spread
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval
from wattshed.statistics.paired import holm
from wattshed.statistics.worth import CLAIM_LEVEL, Candidate, p_within, shown_above

ERRORS = ("rmse", "mae")


@dataclass(frozen=True)
class Judged:
    """What a limit says of one lineage: kept, not kept, or (None) neither shown; and why.

    beyond: the interval lies beyond the limit, which one seed does not show; changes: of errors, by their name; tested:
    whether a test of errors decides, so that it counts in their correction.
    """

    kept: bool | None
    reason: str = ""
    beyond: bool = False
    changes: dict[str, Interval] = field(default_factory=dict)
    tested: bool = False


def recommend(
    checkpoints: pd.DataFrame, days: pd.DataFrame, limits: Limits, controls: Collection[str] = ()
) -> Recommendation:
    """Choose among all lineages; see :func:`recommend_for`."""
    return recommend_for([limits.forecasts], checkpoints, days, limits, controls)[0]


def recommend_for(
    forecasts: Sequence[float],
    checkpoints: pd.DataFrame,
    days: pd.DataFrame,
    limits: Limits,
    controls: Collection[str] = (),
) -> list[Recommendation]:
    """Choose among all lineages, for each number of forecasts (instead of that of the limits).

    checkpoints: rows of ``checkpoints.parquet``; days: of ``compared/*.days.parquet``; controls: models that are
    compared and never chosen, with all that was made of them. Nor are checkpoints whose column ``control`` says that
    they only serve to judge a method.

    The limits of errors are judged over seeds and blocks of days: the rise of RMSE and of MAE over the reference lies
    within its limit, and R2 above its floor, by one-sided tests that are corrected for their number (Holm 1979), as in
    ``statistics/worth.py``: one for each lineage that can run and may be chosen, as far as anything is asked of it. One
    seed shows nothing of them. Latency lies within its limit with the whole 95 % interval
    over seeds, or over the repeats of a single one. What is not shown is undecided, and never chosen. Size is exact:
    the largest over seeds counts. Of those left, the one of the least geometric mean of total energy is chosen; of
    equals the one of fewer steps.
    Raises :class:`Fault` for a reference that was not compared or cannot run here, and where the part has no errors.
    """
    rows = {str(name): own for name, own in checkpoints.groupby("lineage", sort=False)}
    controls = _controls(rows, controls)
    reference = reference_of(rows, limits, controls)

    def choose(asked: Limits, counts: Sequence[float]) -> list[Recommendation]:
        errors = _judge_errors(checkpoints, rows, days, asked, reference, controls)
        return [
            _chosen(rows, days, replace(asked, forecasts=count), reference, errors, controls)
            for count in counts
        ]

    return [
        found if found.chosen is not None else replace(found, without=blamed_limits(found, choose))
        for found in choose(limits, forecasts)
    ]


def _chosen(
    rows: Mapping[str, pd.DataFrame],
    days: pd.DataFrame,
    limits: Limits,
    reference: str,
    errors: Mapping[str, Judged],
    controls: Collection[str],
) -> Recommendation:
    options = [_option(lineage, own, limits, errors.get(lineage), controls) for lineage, own in rows.items()]
    keeping = [one for one in options if one.standing == OptionStanding.COSTS_MORE]
    if not keeping:
        return Recommendation(limits, reference, None, _in_order(options), tested=_tested(errors))
    best = min(keeping, key=lambda one: (one.energy_j.mean, one.lineage.count(LINEAGE_JOINT)))
    options = [_compared(one, best) for one in options]
    on_test = None
    if limits.part != Part.TEST and best.lineage != reference:
        spread = rise_on(days, Part.TEST, "rmse", best.lineage, reference)
        on_test = None if spread is None else spread.change()
    return Recommendation(
        limits, reference, best.lineage, _in_order(options), on_test, tested=_tested(errors)
    )


def _judge_errors(
    checkpoints: pd.DataFrame,
    rows: Mapping[str, pd.DataFrame],
    days: pd.DataFrame,
    limits: Limits,
    reference: str,
    controls: Collection[str],
) -> dict[str, Judged]:
    """Of each lineage that can run; those that may be chosen, and of which anything is asked, are one family."""
    budget = math.log1p(limits.error_rise_share)
    seeds, candidates = {}, {}
    for lineage, own in rows.items():
        if own["unavailable"].notna().any():
            continue
        rises = {
            error: rise_on(days, limits.part, error, lineage, reference) or UNKNOWN
            for error in ERRORS
            # The reference does not exceed itself.
            if lineage != reference
        }
        floor: dict[str, Spread] = {}
        if limits.r2_floor is not None:
            found = r2_excess(days, checkpoints, limits.part, lineage, limits.r2_floor)
            floor = {str(limits.part): found or UNKNOWN}
        candidates[lineage] = Candidate([], rises, floor)
        seeds[lineage] = len(own)
    tested = [
        lineage
        for lineage, one in candidates.items()
        if lineage not in controls and (one.errors or one.excesses)
    ]
    # One seed does not show how seeds differ.
    p_values = [1.0 if seeds[lineage] < 2 else p_within(candidates[lineage], budget) for lineage in tested]
    shown = dict(zip(tested, holm(p_values, CLAIM_LEVEL), strict=True))
    judged = {}
    for lineage, one in candidates.items():
        changes = {error: spread.change() for error, spread in one.errors.items()}
        if lineage in controls:
            judged[lineage] = Judged(None, changes=changes)
            continue
        # Nothing is asked of the reference without a floor.
        kept = shown.get(lineage, True)
        beyond = shown_above(one, budget)
        texts = (
            errors_text(one, limits, seeds[lineage], kept, len(tested)),
            floor_text(one.excesses, limits.r2_floor),
        )
        text = "; ".join(part for part in texts if part)
        over = seeds[lineage] > 1 and beyond
        judged[lineage] = Judged(
            True if kept else False if over else None, text, beyond, changes, lineage in shown
        )
    return judged


def _tested(errors: Mapping[str, Judged]) -> int:
    return sum(one.tested for one in errors.values())


def _option(
    lineage: str, rows: pd.DataFrame, limits: Limits, errors: Judged | None, controls: Collection[str]
) -> Option:
    per_1000 = rows["energy_j_per_1000_forecasts"].astype("float64")
    totals = rows["total_j"].astype("float64") + limits.forecasts * per_1000 / 1000
    energies = {int(seed): float(total) for seed, total in zip(rows["seed"], totals, strict=True)}
    energy = _interval(list(energies.values()))
    option = Option(lineage, len(rows), OptionStanding.COSTS_MORE, "", energy, energies)
    if errors is None:
        why = rows["unavailable"].dropna().iloc[0]
        return replace(option, standing=OptionStanding.UNAVAILABLE, reason=f"cannot run here: {why}")
    size, time_s = rows["bytes"].max(), _time_of(rows).mean
    option = replace(
        option, changes=errors.changes, size_bytes=None if pd.isna(size) else int(size), latency_s=time_s
    )
    if lineage in controls:
        return replace(
            option, standing=OptionStanding.CONTROL, reason="a control, which is compared and never chosen"
        )
    judged = [errors, _latency(rows, limits), _size(rows, limits)]
    broken = [one.reason for one in judged if one.kept is False]
    if broken:
        return replace(option, standing=OptionStanding.REFUSED, reason="; ".join(broken))
    unshown = [one.reason for one in judged if one.kept is None]
    if unshown:
        would = "" if energy.mean is None else f" (it would take {joules_text(energy)})"
        return replace(
            option,
            standing=OptionStanding.UNDECIDED,
            reason="; ".join(unshown) + would,
            may_keep=not any(one.beyond for one in judged),
        )
    kept = "; ".join(one.reason for one in judged if one.reason)
    if energy.mean is None:
        unknown = "the energy to make it or of its forecasts is unknown"
        return replace(
            option,
            standing=OptionStanding.UNKNOWN_ENERGY,
            reason="; ".join(part for part in (unknown, kept) if part),
        )
    return replace(option, reason=kept)


def _latency(rows: pd.DataFrame, limits: Limits) -> Judged:
    if limits.latency_s is None:
        return Judged(True)
    found = _time_of(rows)
    if len(rows) == 1 and {"latency_low", "latency_high"} <= set(rows) and rows["latency_high"].notna().all():
        found = Interval(
            found.mean, float(rows["latency_low"].iloc[0]), float(rows["latency_high"].iloc[0]), 1
        )
    text = latency_text(found, limits.latency_s)
    if found.mean is None or found.low is None or found.high is None:
        return Judged(None, text)
    if found.high <= limits.latency_s:
        return Judged(True, text)
    return Judged(False if found.low > limits.latency_s else None, text)


def _time_of(rows: pd.DataFrame) -> Interval:
    """Seconds of one window, over seeds; unknown where one seed's is."""
    times = rows["latency_s_per_window"].astype("float64")
    return geometric_interval(times) if times.notna().all() else Interval(None, None, None, 0)


def _size(rows: pd.DataFrame, limits: Limits) -> Judged:
    if limits.size_bytes is None:
        return Judged(True)
    size = rows["bytes"].max()
    if pd.isna(size):
        return Judged(None, "its size is unknown")
    return Judged(bool(size <= limits.size_bytes), bytes_text(int(size), limits.size_bytes))


def _compared(one: Option, best: Option) -> Option:
    """With its energy against that of the chosen option, seeds paired where both have them."""
    if one.lineage == best.lineage:
        text = f"takes {joules_text(one.energy_j)}, the least"
        return replace(
            one, standing=OptionStanding.CHOSEN, reason=f"{text}; {one.reason}" if one.reason else text
        )
    if one.standing != OptionStanding.COSTS_MORE:
        return one
    text = more_energy_text(one, best)
    return replace(one, reason=f"{text}; {one.reason}" if one.reason else text)


def _interval(values: list[float]) -> Interval:
    """Geometric mean, unknown where one seed's is; exactly 0 where nothing was spent."""
    if any(math.isnan(value) for value in values):
        return Interval(None, None, None, 0)
    if all(value == 0 for value in values):
        return Interval(0.0, 0.0, 0.0, len(values))
    return geometric_interval(values)


def _controls(rows: Mapping[str, pd.DataFrame], models: Collection[str]) -> set[str]:
    """Lineages that are never chosen: those of the named models, and those whose rows say so."""
    return {
        lineage
        for lineage, own in rows.items()
        if lineage.split(LINEAGE_JOINT)[0] in models or own["control"].astype("bool").any()
    }


def _in_order(options: list[Option]) -> list[Option]:
    """By standing, and by energy within each."""
    order = list(OptionStanding)

    def key(one: Option) -> tuple[int, float, int]:
        energy = math.inf if one.energy_j.mean is None else one.energy_j.mean
        return order.index(one.standing), energy, one.lineage.count(LINEAGE_JOINT)

    return sorted(options, key=key)
