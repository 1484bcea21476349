"""Seeded mixes of phases, ordinary and adversarial."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from wattshed.clocks.governing.simulation.mix import Law, Mix, Segment
from wattshed.clocks.phases.rule import BALANCED, COMPUTE, IDLE, MEMORY

Random = np.random.Generator


def law_of(phase: str, random: Random) -> Law:
    """A law of one phase. Exponents lie in the range that was fitted to real boards (1.25 to 3.5)."""
    pull = random.uniform
    exponent = float(pull(1.6, 3.4))
    idle_w = float(pull(40, 70))
    if phase == COMPUTE:
        known = (pull(0.8, 1.0), idle_w + pull(20, 50), pull(180, 280), pull(80, 300))
        shown = (1.0, pull(0.1, 0.25), pull(0.8, 0.98), pull(0.35, 0.7), pull(0.08, 0.3))
    elif phase == MEMORY:
        known = (pull(0.0, 0.2), idle_w + pull(50, 80), pull(100, 180), pull(80, 300))
        shown = (1.0, pull(0.7, 0.95), pull(0.5, 0.9), pull(0.0, 0.15), pull(0.65, 0.82))
    elif phase == BALANCED:
        known = (pull(0.35, 0.6), idle_w + pull(30, 60), pull(130, 220), pull(80, 300))
        shown = (pull(0.85, 1.0), pull(0.35, 0.55), pull(0.6, 0.9), pull(0.1, 0.25), pull(0.44, 0.5))
    else:
        known = (0.0, idle_w, pull(8, 25), 0.0)
        shown = (pull(0.0, 0.04), pull(0.0, 0.02), pull(0.0, 0.03), 0.0, pull(0.0, 0.02))
    share, p0_w, p1_w, units = (float(value) for value in known)
    return Law(phase, share, p0_w, p1_w, exponent, units, *(float(value) for value in shown))


def _like(law: Law, random: Random) -> Law:
    """The same phase as it comes in one segment: slightly other work."""
    return replace(
        law,
        compute_share=min(1.0, law.compute_share * float(random.normal(1, 0.03))),
        p1_w=law.p1_w * float(random.normal(1, 0.02)),
        units_per_s=law.units_per_s * float(random.normal(1, 0.01)),
    )


def _run(
    laws: dict[str, Law], weights: dict[str, float], mean_s: float, total_s: float, random: Random
) -> tuple[Segment, ...]:
    """Segments whose phases alternate at random and whose lengths are gamma-distributed around ``mean_s``."""
    names, segments, done_s, last = list(laws), [], 0.0, None
    while done_s < total_s:
        open_to = [name for name in names if name != last] or names
        chances = np.array([weights[name] for name in open_to])
        last = str(random.choice(open_to, p=chances / chances.sum()))
        work_s = min(float(random.gamma(3.0, mean_s / 3)), total_s - done_s)
        segments.append(Segment(_like(laws[last], random), work_s))
        done_s += work_s
    return tuple(segments)


def _settings(random: Random) -> tuple[int, ...]:
    """The clocks of an A100, V100 or H100."""
    low, high, step = [(510, 1410, 15), (510, 1380, 15), (510, 1785, 15)][int(random.integers(3))]
    return tuple(range(low, high + 1, step))


def _profile(segments: tuple[Segment, ...]) -> dict[str, float]:
    total_s = sum(segment.work_s for segment in segments)
    shares: dict[str, float] = {}
    for segment in segments:
        shares[segment.law.phase] = shares.get(segment.law.phase, 0.0) + segment.work_s / total_s
    return shares


def _mixed(kind: str, random: Random, phases: tuple[str, ...], mean_s: float, total_s: float) -> Mix:
    laws = {phase: law_of(phase, random) for phase in phases}
    weights = {phase: float(random.uniform(0.5, 1.5)) for phase in phases}
    runs = [_run(laws, weights, mean_s, total_s, random) for _ in range(2)]
    return Mix(
        kind,
        _settings(random),
        runs[0],
        laws,
        _profile(runs[1]),
        transition_s=float(random.uniform(0.005, 0.05)),
        lag_s=float(random.uniform(0.05, 0.3)),
        noise=float(random.uniform(0.01, 0.04)),
    )


ALL = (COMPUTE, MEMORY, BALANCED, IDLE)


def ordinary(random: Random) -> Mix:
    """All four phases, each some tens of seconds long."""
    return _mixed("ordinary", random, ALL, float(random.uniform(20, 60)), 900.0)


def no_idle(random: Random) -> Mix:
    """A job that never rests: compute, memory and balanced phases."""
    return _mixed("no idle", random, (COMPUTE, MEMORY, BALANCED), float(random.uniform(20, 60)), 900.0)


def short_phases(random: Random) -> Mix:
    """Phases a few dwell times long."""
    return _mixed("short phases", random, ALL, float(random.uniform(6, 12)), 600.0)


def flicker(random: Random) -> Mix:
    """Compute and memory take turns faster than the dwell time and than a window."""
    return _mixed("flicker", random, (COMPUTE, MEMORY), float(random.uniform(0.1, 1.0)), 200.0)


def one_phase(random: Random) -> Mix:
    """One long phase: the best static clock is the optimum."""
    phase = (COMPUTE, MEMORY, BALANCED)[int(random.integers(3))]
    return _mixed("one phase", random, (phase,), 600.0, 600.0)


def best_at_maximum(random: Random) -> Mix:
    """Compute phases on a board whose power hardly depends on the clock: every lower clock costs energy."""
    laws = {COMPUTE: replace(law_of(COMPUTE, random), compute_share=1.0, p0_w=200.0, p1_w=30.0)}
    runs = [_run(laws, {COMPUTE: 1.0}, 60.0, 600.0, random) for _ in range(2)]
    return Mix("best at maximum", _settings(random), runs[0], laws, _profile(runs[1]))


def costly_phase_first(random: Random) -> Mix:
    """All compute comes before all memory work: the run cannot borrow from what it has not saved yet."""
    mix = _mixed("compute before memory", random, (COMPUTE, MEMORY), 30.0, 900.0)
    return replace(mix, segments=tuple(sorted(mix.segments, key=lambda segment: segment.law.phase)))


def stale_sweep(random: Random) -> Mix:
    """The sweeps saw work that depends much less on the clock than the work of today."""
    mix = _mixed("stale sweep", random, (MEMORY, BALANCED), float(random.uniform(20, 60)), 600.0)
    swept = {
        name: replace(law, compute_share=law.compute_share * float(random.uniform(0.0, 0.4)))
        for name, law in mix.swept.items()
    }
    return replace(mix, swept=swept, misled=True)


def other_shares(random: Random) -> Mix:
    """The earlier run had ten times the share of memory work."""
    mix = _mixed("other shares", random, ALL, float(random.uniform(20, 60)), 600.0)
    wrong = {name: share * (10 if name == MEMORY else 1) for name, share in mix.profile.items()}
    total = sum(wrong.values())
    return replace(mix, profile={name: share / total for name, share in wrong.items()}, misled=True)


KINDS: dict[str, Callable[[Random], Mix]] = {
    "ordinary": ordinary,
    "no idle": no_idle,
    "short phases": short_phases,
    "flicker": flicker,
    "one phase": one_phase,
    "best at maximum": best_at_maximum,
    "compute before memory": costly_phase_first,
    "stale sweep": stale_sweep,
    "other shares": other_shares,
}


def make_mix(kind: str, seed: int) -> Mix:
    """The mix of one kind and seed; the same ones give the same mix."""
    return KINDS[kind](np.random.default_rng([seed, list(KINDS).index(kind)]))
