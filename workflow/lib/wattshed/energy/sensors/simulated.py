"""A sensor whose true energy is known, with the errors of real ones: for tests, benchmarks and teaching."""

from __future__ import annotations

import json
import math
import os
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from wattshed.energy.reading import COMPONENTS, JOULES_PER_KWH, Component
from wattshed.energy.sensors.provider import Provider
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

SOURCE = "simulated counter"
# JSON: component -> constant power [W]. It makes a job take these powers instead of any real sensor.
VARIABLE = "WATTSHED_SIMULATED_POWER_W"
# Power given as a function is integrated in spans of at most this length.
SPAN_S = 0.01


class SimulatedClock:
    """A clock that only :meth:`sleep` advances; replaces ``time.perf_counter`` and ``time.sleep``."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def now(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


class Phases:
    """Power that is constant from one time to the next: ``Phases((0, 60), (10, 250))`` is 250 W from 10 s on.

    Before the first time it is 0 W. Its energies are exact.
    """

    def __init__(self, *phases: tuple[float, float]) -> None:
        """Raises ValueError if the times do not rise."""
        self._starts_s = [start_s for start_s, _ in phases]
        self._powers_w = [0.0, *(power_w for _, power_w in phases)]
        if any(later <= earlier for earlier, later in pairwise(self._starts_s)):
            raise ValueError(f"times of phases must rise: {self._starts_s}")

    def __call__(self, at_s: float) -> float:
        return self._powers_w[bisect_right(self._starts_s, at_s)]

    def joules(self, start_s: float, end_s: float) -> float:
        inside = [at_s for at_s in self._starts_s if start_s < at_s < end_s]
        edges = [start_s, *inside, end_s]
        return sum(self(a) * (b - a) for a, b in pairwise(edges))


@dataclass(frozen=True)
class Counter:
    """The errors of a counter.

    step_s: it moves only so often; jitter_share: each step is late by up to this share of ``step_s``, and the first is
    at a random time; noise_share: standard deviation of its gain, drawn again for every step; range_j: it returns to 0
    at this energy, and is unwrapped like a real counter; dropouts_s: spans in which it cannot be read.
    """

    step_s: float = 0.1
    jitter_share: float = 0.0
    noise_share: float = 0.0
    range_j: float = math.inf
    dropouts_s: Sequence[tuple[float, float]] = ()


class SimulatedSensor:
    """One component of known power [W] over time, read through a :class:`Counter`.

    power_w: a function of time or :class:`Phases`; change it through :attr:`power_w`. seed: of noise and jitter.
    Noise belongs to the counter, not to the machine: the true energy is that of ``power_w``.
    """

    def __init__(
        self,
        power_w: Callable[[float], float],
        clock: Callable[[], float],
        counter: Counter | None = None,
        component: str = "gpu0",
        seed: int = 0,
    ) -> None:
        self.power_w = power_w
        self._clock = clock
        self._counter = counter or Counter()
        self._component = component
        self._draw = random.Random(seed)
        self.resolution_s = self._counter.step_s
        jittered = self._counter.jitter_share > 0
        phase_s = self._draw.uniform(0, self._counter.step_s) if jittered else 0.0
        # Steps are counted from the clock's zero, and start at the last step before now.
        self._phase_s = phase_s
        self._number = math.floor((clock() - phase_s) / self._counter.step_s)
        self._counted_s = self._step_s()
        self._next_s = self._due_s()
        self._raw_j = 0.0
        self._last_raw_j: float | None = None
        self._seen_j = 0.0

    def start(self) -> None:
        self._advance()
        self._last_raw_j = self._raw_j
        self._seen_j = 0.0

    def read(self) -> dict[str, Component]:
        self._advance()
        now_s = self._clock()
        if self._last_raw_j is None:
            return {self._component: Component.missing(f"{SOURCE}: not started")}
        if any(start <= now_s < end for start, end in self._counter.dropouts_s):
            return {self._component: Component.missing(f"{SOURCE}: no answer")}
        step_j = self._raw_j - self._last_raw_j
        self._seen_j += step_j if step_j >= 0 else step_j + self._counter.range_j
        self._last_raw_j = self._raw_j
        return {self._component: Component(self._seen_j / JOULES_PER_KWH, Status.MEASURED, SOURCE)}

    def stop(self) -> None:
        self._last_raw_j = None

    def true_j(self, start_s: float, end_s: float) -> float:
        """True energy [J] of ``power_w``."""
        if isinstance(self.power_w, Phases):
            return self.power_w.joules(start_s, end_s)
        spans = max(1, math.ceil((end_s - start_s) / SPAN_S))
        span_s = (end_s - start_s) / spans
        return span_s * sum(self.power_w(start_s + (number + 0.5) * span_s) for number in range(spans))

    def true_kwh(self, start_s: float, end_s: float) -> float:
        return self.true_j(start_s, end_s) / JOULES_PER_KWH

    def _advance(self) -> None:
        now_s = self._clock()
        # A clock that is a sum of tenths may be a rounding error before its step.
        while self._next_s <= now_s + 1e-9:
            gain = max(0.0, 1 + self._draw.gauss(0, self._counter.noise_share))
            self._raw_j += gain * self.true_j(self._counted_s, self._next_s)
            self._raw_j %= self._counter.range_j
            self._counted_s = self._next_s
            self._number += 1
            self._next_s = self._due_s()

    def _step_s(self) -> float:
        return self._phase_s + self._number * self._counter.step_s

    def _due_s(self) -> float:
        late_s = self._draw.uniform(0, self._counter.jitter_share) * self._counter.step_s
        return self._step_s() + self._counter.step_s + late_s


class ConstantPowers:
    """Components of constant, invented power [W] over real time: estimates, and the job's own."""

    resolution_s = 0.01
    whole = True

    def __init__(self, power_w: dict[str, float], clock: Callable[[], float] = time.perf_counter) -> None:
        self._power_w = power_w
        self._clock = clock
        self._start_s: float | None = None

    def start(self) -> None:
        self._start_s = self._clock()

    def read(self) -> dict[str, Component]:
        if self._start_s is None:
            return {name: Component.missing("simulated power: not started") for name in self._power_w}
        duration_s = self._clock() - self._start_s
        return {
            name: Component(
                power_w * duration_s / JOULES_PER_KWH, Status.ESTIMATED, f"simulated power of {power_w:g} W"
            )
            for name, power_w in self._power_w.items()
        }

    def stop(self) -> None:
        self._start_s = None


class SimulatedProvider(Provider):
    """For tests and teaching: uses the powers in the environment variable, before any real sensor."""

    components = frozenset(COMPONENTS)
    preference = 0

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        text = os.environ.get(VARIABLE)
        if not text:
            return None
        try:
            power_w = {name: float(watts) for name, watts in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise _unreadable(str(error)) from error
        wrong = [
            name for name, watts in power_w.items() if name not in COMPONENTS or not 0 <= watts < math.inf
        ]
        if wrong:
            raise _unreadable(f"{wrong[0]!r} with {power_w[wrong[0]]} W")
        return ConstantPowers(power_w)


def _unreadable(why: str) -> Fault:
    return Fault(
        f"{VARIABLE} cannot be read ({why}): expected JSON with finite powers in W of {', '.join(COMPONENTS)}, such as "
        '{"cpu": 20}; correct or unset it.'
    )


SENSOR = SimulatedProvider()
