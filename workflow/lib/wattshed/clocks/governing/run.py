"""Runs the governor on a clock back end while a workload goes on; the clock is reset however it ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from wattshed.clocks.backends.protocol import ClockBackend, clock_given_back
from wattshed.clocks.governing.governor import Decision, Governor
from wattshed.clocks.governing.plan import PhasePlan
from wattshed.clocks.governing.reading import Sampler
from wattshed.clocks.phases.rule import require_columns
from wattshed.clocks.phases.rules import RULES
from wattshed.config.clocks.governor import GovernorBlock
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
    plans: Mapping[str, PhasePlan],
    max_slowdown_share: float,
    block: GovernorBlock,
) -> list[Step]:
    """Govern a workload that another process runs, until the sampler says that it has ended.

    Without throughput from the sampler there is no guard: the account of lost time then rests on the sweeps alone.
    Raises :class:`Fault`, before a clock is locked, where the rule's columns cannot be sampled, a planned clock is
    not legal, or the back end replays a recording.
    """
    legal = backend.settings()
    rule = RULES[block.rule]
    require_columns(rule, sampler.columns, f"{backend.gpu}, sampled live")
    if backend.recorded_sweep() is not None:
        raise Fault(
            f"the back end {backend.name} replays a recorded sweep, whose past no clock can change: expected a back end "
            "that measures now; replay a power log with governing.replayed instead."
        )
    for phase, plan in plans.items():
        for setting in plan.levels:
            if setting not in legal:
                raise Fault(
                    f"the clock of the phase {phase} is {setting} {backend.knob.unit}, which {backend.gpu} does not "
                    f"have: expected one of its {len(legal)} settings from {legal[0]} to {legal[-1]}; correct "
                    "clocks.governor.settings."
                )
    governor = Governor(plans, legal, rule, max_slowdown_share, block)
    with clock_given_back(backend):
        return list(govern(backend, sampler, governor))
