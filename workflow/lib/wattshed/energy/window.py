"""One measured span of work, and repeated measurements of the same work with their interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattshed.energy.reading import Reading
from wattshed.energy.share.usage import Use
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval, mean_interval

THROTTLE = "_throttle_bits"


@dataclass
class Window:
    """A span of work. Durations and energies are per repeat, once it is closed.

    own: the job's own energy, without idle power where that is known. energy: machine-wide and gross; net: that less
    the idle power. use: of the whole window. alone: whether others took at most a tenth of the busy time; None if
    unknown. Set ``repeats`` if the same work was done several times in it. ``values`` are written to the ledger as
    numbers: scalars of any type are kept, and anything else is noted there with its reason.
    """

    name: str
    labels: dict[str, Any] = field(default_factory=dict)
    repeats: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    duration_s: float = 0.0
    energy: Reading = field(default_factory=lambda: Reading({}))
    net: Reading = field(default_factory=lambda: Reading({}))
    own: Reading = field(default_factory=lambda: Reading({}))
    use: Use = field(default_factory=Use)
    alone: bool | None = None
    sampled: dict[str, Spread] = field(default_factory=dict)

    def take(self, sample: Mapping[str, float]) -> None:
        """Add one sample of clocks, power and other quantities."""
        for name, value in sample.items():
            if name.endswith(THROTTLE):
                self.sampled.setdefault(name, Bits()).take(value)
            else:
                self.sampled.setdefault(name, Spread()).take(value)

    def samples_json(self) -> dict[str, dict[str, float]]:
        return {name: spread.to_json() for name, spread in self.sampled.items()}


class Spread:
    """Mean and range of samples, which are not stored."""

    def __init__(self) -> None:
        self.n = 0
        self._sum = 0.0
        self._min = float("inf")
        self._max = float("-inf")

    def take(self, value: float) -> None:
        self.n += 1
        self._sum += value
        self._min = min(self._min, value)
        self._max = max(self._max, value)

    def to_json(self) -> dict[str, float]:
        return {"mean": self._sum / self.n, "min": self._min, "max": self._max, "n": self.n}


class Bits(Spread):
    """Throttle reasons: all bits that were set in any sample."""

    def __init__(self) -> None:
        super().__init__()
        self._bits = 0

    def take(self, value: float) -> None:
        self.n += 1
        self._bits |= int(value)

    def to_json(self) -> dict[str, float]:
        return {"bits": self._bits, "n": self.n}


@dataclass(frozen=True)
class Measurement:
    """The same work measured several times: one closed window per trial."""

    trials: list[Window]

    @property
    def own_j(self) -> Interval:
        """Own energy of one call [J]: geometric mean, 95 % interval and n over the trials."""
        return geometric_interval(trial.own.joules for trial in self.trials)

    @property
    def own_cpu_s(self) -> Interval:
        """Own processor time of one call [s]: geometric mean, 95 % interval and n over the trials."""
        return geometric_interval(trial.use.own_cpu_s / trial.repeats for trial in self.trials)

    @property
    def alone(self) -> bool | None:
        """Whether every trial was alone; None if that is not known of one."""
        found = {trial.alone for trial in self.trials}
        return False if False in found else None if None in found or not found else True

    @property
    def energy_j(self) -> Interval:
        """Machine-wide gross energy of one call [J]: geometric mean, 95 % interval and n over the trials."""
        return geometric_interval(trial.energy.joules for trial in self.trials)

    @property
    def net_j(self) -> Interval:
        """Energy of one call above idle [J]: arithmetic mean, 95 % interval and n over the trials.

        It is a difference of two readings, and below 0 where the machine took less than when it was idle.
        """
        return mean_interval(trial.net.joules for trial in self.trials)

    @property
    def duration_s(self) -> Interval:
        """Time of one call [s]: geometric mean, 95 % interval and n over the trials."""
        return geometric_interval(trial.duration_s for trial in self.trials)
