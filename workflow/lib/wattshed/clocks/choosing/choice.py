"""The setting to run at, chosen under limits with its uncertainty, or the maximum and the reason."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from wattshed.clocks.cells import cells
from wattshed.clocks.choosing.answer import ClockChoice, Detected, Limits, Marked, Verdict
from wattshed.clocks.choosing.checks import check_cell, check_frame
from wattshed.clocks.choosing.estimates import DRAWS, Estimates, direct_saving, estimate_sweep
from wattshed.clocks.choosing.limits import Feasible, check_limits, feasible
from wattshed.clocks.choosing.picks import all_picks, best, front_settings, numbers_at
from wattshed.clocks.choosing.plan_table import penalty_class
from wattshed.clocks.choosing.rules.protocol import Rule
from wattshed.clocks.choosing.verdict import Ruling, of_candidate, without_candidate
from wattshed.clocks.contamination.detect import detect, severe_words
from wattshed.clocks.contamination.detection import Detection
from wattshed.clocks.contamination.usable import (
    LEAST_REPEATS,
    UsableSweep,
    refusal,
    speedup_refusal,
    typical_cv,
    usable_sweep,
    variation,
)
from wattshed.clocks.runs import KNOBS
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Worth

KEEP = "no practical point: keep the maximum"
DEFAULT_RULE = "least_energy"


def choose(
    frame: pd.DataFrame,
    limits: Limits | Callable[[str], Limits],
    rule: str = DEFAULT_RULE,
    seed: int = 0,
) -> list[ClockChoice]:
    """One choice per cell of a frame of runs (``clocks.runs.COLUMNS``), in the order of the cells' first rows.

    limits: for all cells, or a function of the workload's name. seed: of the draws.
    Raises :class:`Fault` for a table that is not one of runs, and for limits or a rule that do not exist. A cell whose
    rows cannot be those of a sweep is refused with the reason, and the others are chosen from.
    """
    check_frame(frame)
    choices = []
    for cell, rows in cells(frame):
        own = limits(cell.workload) if callable(limits) else limits
        check_limits(own)
        plugins.source_file("clock_rule", rule)
        try:
            check_cell(rows)
        except Fault as fault:
            choices.append(_refused(_about(rows, own, rule, seed), str(fault).rstrip(".")))
        else:
            choices.append(choose_cell(rows, own, rule, seed))
    return choices


def choose_cell(
    rows: pd.DataFrame,
    limits: Limits,
    rule: str = DEFAULT_RULE,
    seed: int = 0,
    *,
    legal: tuple[int, ...] = (),
) -> ClockChoice:
    """Choose from the sweep of one GPU, workload and knob.

    A lower setting is chosen if it keeps the slowdown limit with 95 % certainty
    (:meth:`~wattshed.clocks.choosing.setting_estimates.Estimates.slowdown_against`) and the others too, the rule
    prefers it to the others that do and to the maximum, and the whole interval of its saving is above 0. legal:
    settings between measured ones that are described beside them in an interleaved sweep; they are never chosen. Raises
    :class:`Fault` for rows that are not such a sweep; for a sweep that cannot be trusted the answer's status is
    ``refused``.
    """
    check_frame(rows)
    check_cell(rows)
    check_limits(limits)
    plugin: Rule = plugins.load("clock_rule", rule)
    sweep = usable_sweep(rows)
    detections = detect(rows)
    about = _about(rows, limits, rule, seed) | _seen(sweep, detections)
    problem = _single_runs(rows) or refusal(sweep) or severe_words(detections)
    if problem is not None:
        return _refused(about, problem)
    estimates = estimate_sweep(sweep, seed=seed, draws=DRAWS, legal=legal)
    problem = speedup_refusal(float(estimates.slowdown[0].min()))
    if problem is not None:
        return _refused(about, problem)
    kept = feasible(estimates, limits)
    about |= {
        "baseline_time_s": float(sweep.baseline["time_s"].median()),
        "baseline_energy_j": float(sweep.baseline["energy_j"].median()),
        "baseline_cv": variation(sweep.baseline["time_s"]),
        "typical_cv": typical_cv(sweep, "time_s"),
        "estimator": estimates.estimator,
        "fitted": estimates.fitted(),
        "picks": all_picks(estimates, kept, limits, about["unit"]),
        "front": front_settings(estimates, kept),
    }
    ruling = _rule(about, plugin, estimates, kept, limits)
    if "candidate" in about:
        about |= direct_saving(sweep, about["candidate"])
    if ruling.status != "use":
        return _keep(about, ruling.status, ruling.reason, ruling.outcome)
    setting = about["candidate"]
    return ClockChoice(
        verdict=f"use {setting} {about['unit']}",
        status="use",
        outcome=ruling.outcome,
        reason=ruling.reason,
        setting=setting,
        **about,
    )


def _rule(about: dict[str, Any], rule: Rule, estimates: Estimates, kept: Feasible, limits: Limits) -> Ruling:
    """The ruling; adds the candidate's numbers to ``about``."""
    name, unit = about["rule"], about["unit"]
    decided = best(name, rule, estimates, kept, limits)
    found = decided.candidate
    if found.place < 0:
        return without_candidate(estimates, kept, limits, rule.title, unit)
    numbers = numbers_at(found.place, estimates)
    about |= {
        "candidate": int(estimates.settings[found.place]),
        "candidate_low": found.low,
        "candidate_high": found.high,
        "candidate_repeats": int(estimates.counts[found.place]),
        "penalty_class": penalty_class(numbers["slowdown_share"]),
        "stable": bool(kept.stable[found.place]),
        **numbers,
    }
    return of_candidate(about, decided.preferred, estimates, limits, rule.title, unit)


def _seen(sweep: UsableSweep, detections: Sequence[Detection]) -> dict[str, Any]:
    """What is stated of every sweep, also of a refused one."""
    return {
        "baseline_protocol": sweep.protocol,
        "baseline_settings": sweep.baseline_settings,
        "baseline_repeats": len(sweep.baseline),
        "marked": Marked(**{name: sweep.marked.get(name, 0) for name in Marked.__dataclass_fields__}),
        "detections": tuple(Detected(one.detector, one.found, one.words) for one in detections),
    }


def _single_runs(rows: pd.DataFrame) -> str | None:
    runs = rows[rows["warm"]].groupby("setting").size()
    if len(runs) > 1 and bool((runs == 1).all()):
        return (
            f"single run per setting: no interval can be stated; expected at least {LEAST_REPEATS} valid repeats of "
            "each"
        )
    return None


def _about(rows: pd.DataFrame, limits: Limits, rule: str, seed: int) -> dict[str, Any]:
    first = rows.iloc[0]
    settings = pd.to_numeric(rows["setting"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    settings = settings[np.isfinite(settings) & (settings > 0)]
    if not settings.size:
        raise Fault(
            f"the sweep of {first['workload']} on {first['gpu']} has no positive setting: expected clocks in MHz or "
            "power limits in W; correct the column setting."
        )
    return {
        "backend": str(first["backend"]),
        "label": str(first["label"]),
        "gpu": str(first["gpu"]),
        "gpu_uuid": None if pd.isna(first["gpu_uuid"]) else str(first["gpu_uuid"]),
        "workload": str(first["workload"]),
        "knob": str(first["knob"]),
        "unit": KNOBS[str(first["knob"])].unit,
        "rule": rule,
        "limits": limits,
        "maximum": int(settings.max()),
        "seed": seed,
    }


def _refused(about: dict[str, Any], reason: str) -> ClockChoice:
    return _keep(about, "refused", reason, Worth.UNDECIDED)


def _keep(about: dict[str, Any], status: Verdict, reason: str, outcome: Worth) -> ClockChoice:
    return ClockChoice(
        verdict=KEEP, status=status, outcome=outcome, reason=reason, setting=about["maximum"], **about
    )
