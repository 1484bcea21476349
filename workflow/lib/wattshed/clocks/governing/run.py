"""Runs the governor on a clock back end while a workload goes on; the clock is reset however it ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from wattshed.clocks.backends.protocol import ClockBackend, clock_given_back
from wattshed.clocks.governing.governor import Decision, Governor
from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.governing.reading import Sampler
from wattshed.clocks.phases.rule import require_columns
from wattshed.clocks.phases.rules import RULES
from wattshed.foundation.faults import Fault


class Lockable(Protocol):
    """The part of a back end that is steered."""

    def lock(self, setting: int) -> None: ...

    def applied(self) -> int | None: ...


@dataclass(frozen=True)
class Step:
    """A decision, and the setting that was read after it; None if the back end cannot read it."""

    decision: Decision
    applied: int | None


def govern(clock: Lockable, sampler: Sampler, governor: Governor) -> Iterator[Step]:
    """One step per window until the workload ends. The clock begins at the maximum; the caller resets it."""
    clock.lock(governor.setting)
    while (reading := sampler.next_window()) is not None:
        before = governor.setting
        decision = governor.step(reading)
        if decision.setting != before:
            clock.lock(decision.setting)
        yield Step(decision, clock.applied())


def run_governor(
    backend: ClockBackend,
    sampler: Sampler,
    planner: Planner,
    max_slowdown_share: float,
    steps: list[Step] | None = None,
) -> list[Step]:
    """Govern a workload that another process runs, until the sampler says that it has ended.

    Without throughput from the sampler there is no guard: the account of lost time then rests on the sweeps alone.
    steps: takes each step as it comes, so that those before an error are kept. Raises :class:`Fault`, before a clock is
    locked, where the rule's columns cannot be sampled, the plan is for another GPU's settings, or the back end replays
    a recording.
    """
    legal = backend.settings()
    rule = RULES[planner.block.rule]
    require_columns(rule, sampler.columns, f"{backend.gpu}, sampled live")
    if backend.recorded_sweep() is not None:
        raise Fault(
            f"the back end {backend.name} replays a recorded sweep, whose past no clock can change: expected a back "
            "end that measures now; replay a power log with governing.replayed instead."
        )
    if planner.legal != legal:
        raise Fault(
            f"the plan is for {len(planner.legal)} settings up to {planner.maximum} {backend.knob.unit}, and "
            f"{backend.gpu} has {len(legal)} up to {legal[-1]}: expected sweeps of this GPU; sweep it first."
        )
    governor = Governor(planner, rule, max_slowdown_share)
    with clock_given_back(backend):
        kept = [] if steps is None else steps
        kept.extend(govern(backend, sampler, governor))
    return kept
