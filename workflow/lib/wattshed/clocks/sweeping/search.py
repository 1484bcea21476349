"""The search for the best setting without measuring all of them: a function of the windows measured so far.

After the warm-up and a few coarse rounds come steps of a few windows. Each step measures where a window tells most
about the energy that the present best setting may lose against the true one (:mod:`wattshed.clocks.sweeping.refine`),
with the reference in every step, in random order, until that loss is small enough or the budget is spent.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.contamination.usable import LEAST_REPEATS
from wattshed.clocks.runs import KNOBS
from wattshed.clocks.sweeping.outlook import Outlook, in_band, outlook
from wattshed.clocks.sweeping.plan import first_plan
from wattshed.clocks.sweeping.refine import telling_windows
from wattshed.clocks.sweeping.so_far import checked, counting
from wattshed.clocks.sweeping.stopping import affordable, calls_of, spent, windows_allowed
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault
from wattshed.statistics.levels import LEVEL


@dataclass(frozen=True)
class Step:
    """Settings to measure next, in this order; ``stop`` says why there are none, and is None otherwise."""

    settings: tuple[int, ...]
    stop: str | None = None


def next_settings(
    rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: Limits | None = None
) -> Step:
    """What to measure after ``rows`` (columns of ``clocks.runs.COLUMNS``; one GPU, workload and knob).

    A pure function: the same rows, legal settings and configuration give the same step, so a sweep that was interrupted
    in the middle of a step goes on with the rest of it. limits: those of the choice; without them the slowdown limit
    of ``block``. Raises :class:`Fault` for rows that do not belong to the legal settings or were not measured.
    """
    legal = checked(rows, legal)
    if len(legal) == 1:
        return Step((), f"nothing to choose: {legal[0]} is the only legal setting")
    plan = first_plan(legal, block)
    done = len(rows)
    if done < len(plan):
        paid = affordable(plan[done:], rows, legal, block)
        return Step(paid) if paid else Step((), _budget_spent(rows, legal, block))
    if block.search.kind == "full":
        return Step((), f"nothing left: all {len(plan)} planned windows were measured")
    limits = limits or Limits(block.max_slowdown_share)
    start = done - (done - len(plan)) % block.search.step_windows
    # The step began with the windows up to its start, and is the same until it ends.
    step = _step(rows.iloc[:start], legal, block, limits)
    if step.stop is not None or done == start:
        return step
    rest = step.settings[done - start :]
    return Step(rest) if rest else _step(rows, legal, block, limits, ended=True)


def standing(
    rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: Limits | None = None
) -> Outlook:
    """The best setting after ``rows`` and what it may lose, as the search sees it.

    Raises :class:`Fault` as :func:`next_settings`, and where no window at the maximum counts.
    """
    legal = checked(rows, legal)
    seen = _seen(rows, legal, block, limits or Limits(block.max_slowdown_share))
    if seen is None:
        raise Fault(
            f"no window at the maximum {legal[-1]} counts: expected a warm one that was not throttled and ran at the "
            "setting asked for; see what holds the GPU down and sweep again."
        )
    return seen


def _seen(rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock, limits: Limits) -> Outlook | None:
    """None where no window at the maximum counts."""
    valid = counting(rows)
    if not (valid["setting"] == legal[-1]).any():
        return None
    return outlook(valid, legal, limits, rule=block.choice.rule, draws=block.search.draws, seed=block.seed)


def _step(
    rows: pd.DataFrame,
    legal: tuple[int, ...],
    block: ClocksBlock,
    limits: Limits,
    *,
    ended: bool = False,
) -> Step:
    """ended: the budget paid only for a part of the last step, so another one must not begin."""
    if not in_band(legal, limits)[:-1].any():
        return Step((), _only_maximum(limits))
    seen = _seen(rows, legal, block, limits)
    if seen is None:
        return Step((), f"nothing to compare with: no window at the maximum {legal[-1]} counts")
    unit, target = KNOBS[str(rows["knob"].iloc[0])].unit, block.search.target_regret_share
    certain = (
        f"with {LEVEL:.0%} certainty {seen.setting} {unit} costs at most {max(0.0, seen.regret_high_share):.1%} "
        "more than the best setting within the limits"
    )
    if seen.regret_high_share <= target:
        return Step((), f"interval narrow enough: {certain} (target {target:.1%})")
    left = windows_allowed(legal, block) - len(rows)
    size = 0 if ended else max(0, min(block.search.step_windows, left))
    plan = _windows(seen, size, last=left <= block.search.step_windows, block=block) if size else []
    order = np.random.default_rng([block.seed, len(rows), 1]).permutation(len(plan))
    paid = affordable([legal[plan[place]] for place in order], rows, legal, block)
    return Step(paid) if paid else Step((), f"{_budget_spent(rows, legal, block)}; {certain}")


def _windows(seen: Outlook, count: int, last: bool, block: ClocksBlock) -> list[int]:
    """Positions of the next windows: the reference, what the present best still lacks, and the most telling ones."""
    lacking = max(0, LEAST_REPEATS - int(seen.windows[seen.pick]))
    # In the last step nothing counts as much as that the best setting can be recommended.
    first = [len(seen.windows) - 1, *[seen.pick] * (lacking if last else min(1, lacking))]
    time_s = seen.curves.time_s.mean(axis=0)
    return telling_windows(
        seen.curves,
        seen.pick_regret,
        (seen.means.time_noise, seen.means.power_noise),
        first[:count],
        count,
        calls_of(time_s, block.min_point_s) * time_s,
    )


def _budget_spent(rows: pd.DataFrame, legal: tuple[int, ...], block: ClocksBlock) -> str:
    search = block.search
    so_far = spent(rows, block.min_point_s)
    parts = [f"{so_far.windows} of at most {windows_allowed(legal, block)} windows"]
    if search.most_s is not None:
        parts.append(f"{so_far.seconds:.0f} of at most {search.most_s:.0f} s")
    if search.most_j is not None:
        parts.append(f"{so_far.joules:.0f} of at most {search.most_j:.0f} J")
    return f"budget spent: {', '.join(parts)}"


def _only_maximum(limits: Limits) -> str:
    if limits.max_slowdown_share <= 0:
        return (
            "nothing left: with a slowdown limit of 0 only the maximum can be chosen, because no measurement shows "
            "that a lower setting is not slower"
        )
    return "nothing left: the band in which a setting may be chosen holds none below the maximum"
