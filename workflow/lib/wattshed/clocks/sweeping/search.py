"""The search for the best setting without measuring all of them: a function of the windows measured so far.

After the warm-up and a few coarse rounds come steps of a few windows. Each step measures where a window tells most about
the energy that the present best setting may lose against the true one (:mod:`wattshed.clocks.sweeping.refine`), with
the reference in every step, in random order, until that loss is small enough or the budget is spent.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.contamination.usable import LEAST_REPEATS, usable_sweep
from wattshed.clocks.runs import COLUMNS, KNOBS
from wattshed.clocks.sweeping.outlook import CERTAINTY, Outlook, SearchLimits, in_band, outlook
from wattshed.clocks.sweeping.plan import first_plan
from wattshed.clocks.sweeping.refine import telling_windows
from wattshed.clocks.sweeping.stopping import affordable, calls_of, spent
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault

# Rules that weigh time choose by E T^n; all others by energy.
DELAY_EXPONENTS = {"edp": 1, "ed2p": 2}
POSITIVE = ("time_s", "energy_j", "power_w")


@dataclass(frozen=True)
class Step:
    """Settings to measure next, in this order; ``stop`` says why there are none, and is None otherwise."""

    settings: tuple[int, ...]
    stop: str | None = None


def next_settings(
    rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: SearchLimits
) -> Step:
    """What to measure after ``rows`` (columns of ``clocks.runs.COLUMNS``; one GPU, workload and knob).

    A pure function: the same rows, legal settings and configuration give the same step, so a sweep that was interrupted
    in the middle of a step goes on with the rest of it. Raises :class:`Fault` for rows that do not belong to the
    legal settings or were not measured.
    """
    legal = _checked(rows, legal)
    maximum = legal[-1]
    if len(legal) == 1:
        return Step((), f"nothing to choose: {maximum} is the only legal setting")
    plan = first_plan(legal, block)
    done = len(rows)
    if done < len(plan):
        return _paid(plan[done:], rows, rows, maximum, block)
    if block.search.kind == "full":
        return Step((), f"nothing left: all {len(plan)} planned windows were measured")
    size = block.search.step_windows
    start = len(plan) + (done - len(plan)) // size * size
    # The step began with the windows up to its start, and is the same until it ends.
    step = _step(rows.iloc[:start], legal, block, limits)
    if step.stop is not None or done == start:
        return step
    rest = step.settings[done - start :]
    return Step(rest) if rest else Step((), _budget_spent(rows, block))


def standing(rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: SearchLimits) -> Outlook:
    """The best setting after ``rows`` and what it may lose, as the search sees it.

    Raises :class:`Fault` where no window at the maximum counts.
    """
    legal = _checked(rows, legal)
    valid = usable_sweep(rows).rows
    if not (valid["setting"] == legal[-1]).any():
        raise Fault(
            f"no window at the maximum {legal[-1]} counts: expected a warm one that was not throttled and ran at the "
            "setting asked for; check what holds the GPU down and sweep again."
        )
    return outlook(
        valid,
        legal,
        limits,
        draws=block.search.draws,
        random=np.random.default_rng([block.seed, len(rows)]),
        delay_exponent=DELAY_EXPONENTS.get(str(getattr(block.choice, "rule", "")), 0),
    )


def _step(rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: SearchLimits) -> Step:
    if not in_band(legal, limits)[:-1].any():
        return Step((), _only_maximum(limits))
    seen = standing(rows, legal, block, limits)
    unit = KNOBS[str(rows["knob"].iloc[0])].unit
    certain = (
        f"with {CERTAINTY:.0%} certainty {seen.setting} {unit} costs at most {max(0.0, seen.regret_high_share):.1%} "
        "more than the best setting within the limits"
    )
    if seen.regret_high_share <= block.search.target_regret_share:
        return Step((), f"interval narrow enough: {certain} (target {block.search.target_regret_share:.1%})")
    size = block.search.step_windows
    allowed = block.search.windows_allowed
    left = size if allowed is None else min(size, allowed - len(rows))
    plan = _windows(seen, left, last=allowed is not None and allowed - len(rows) <= size, block=block)
    order = np.random.default_rng([block.seed, len(rows), 1]).permutation(plan)
    return _paid([legal[place] for place in order], rows, rows, legal[-1], block, certain)


def _windows(seen: Outlook, count: int, last: bool, block: ClocksBlock) -> list[int]:
    """Positions of the next windows: the reference, what the present best still lacks, and the most telling ones."""
    if count <= 0:
        return []
    lacking = max(0, LEAST_REPEATS - int(seen.windows[seen.pick]))
    # In the last step nothing else counts any more than that the best setting can be recommended.
    first = [seen.pick] * (lacking if last else min(1, lacking))
    first = [*first, len(seen.windows) - 1][:count]
    time_s = seen.curves.time_s.mean(axis=0)
    return telling_windows(
        seen.curves,
        seen.pick_regret,
        (seen.means.time_noise, seen.means.power_noise),
        first,
        count,
        calls_of(time_s, block.min_point_s) * time_s,
    )


def _paid(
    plan: list[int],
    rows: pd.DataFrame,
    all_rows: pd.DataFrame,
    maximum: int,
    block: ClocksBlock,
    certain: str | None = None,
) -> Step:
    paid = affordable(plan, rows, maximum, block)
    return Step(tuple(paid)) if paid else Step((), _budget_spent(all_rows, block, certain))


def _budget_spent(rows: pd.DataFrame, block: ClocksBlock, certain: str | None = None) -> str:
    search = block.search
    so_far = spent(rows, block.min_point_s)
    parts = (
        [f"{so_far.windows} of {search.windows_allowed} windows"]
        if search.windows_allowed is not None
        else []
    )
    if search.most_s is not None:
        parts.append(f"{so_far.seconds:.0f} of {search.most_s:.0f} s")
    if search.most_j is not None:
        parts.append(f"{so_far.joules:.0f} of {search.most_j:.0f} J")
    return f"budget spent: {', '.join(parts)}" + (f"; {certain}" if certain else "")


def _only_maximum(limits: SearchLimits) -> str:
    if limits.max_slowdown_share <= 0:
        return (
            "nothing left: with a slowdown limit of 0 only the maximum can be chosen, because no measurement shows "
            "that a lower setting is not slower"
        )
    return "nothing left: the band of the maximum that may be chosen holds no setting below it"


def _checked(rows: pd.DataFrame, legal: tuple[int, ...]) -> tuple[int, ...]:
    if not legal or min(legal) <= 0:
        raise Fault(f"the legal settings are {sorted(legal)}: expected at least one, all positive.")
    legal = tuple(sorted({int(setting) for setting in legal}))
    lacking = [column for column in COLUMNS if column not in rows]
    if lacking:
        raise Fault(f"the sweep so far has no column {', '.join(lacking)}: expected the rows of a sweep.")
    if rows.empty:
        return legal
    if len(rows[["gpu", "gpu_uuid", "workload", "knob"]].drop_duplicates()) > 1:
        raise Fault(
            "the sweep so far mixes GPUs, workloads or knobs: expected one of each; search in each separately."
        )
    foreign = sorted({int(setting) for setting in rows["setting"]} - set(legal))
    if foreign:
        raise Fault(
            f"the sweep so far holds the setting {foreign[0]}, which is not legal: expected one of {legal[0]} to "
            f"{legal[-1]}; sweep again from the start."
        )
    for column in POSITIVE:
        numbers = rows[column].to_numpy(dtype=float)
        wrong = np.flatnonzero(~((numbers > 0) & np.isfinite(numbers)))
        if len(wrong):
            raise Fault(
                f"window {int(wrong[0]) + 1} of the sweep so far has {column} {numbers[wrong[0]]}: expected a positive "
                "number; measure it again."
            )
    return legal
