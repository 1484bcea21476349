"""What the meter reads at one moment: time, sensors, and what the job and others used until then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wattshed.energy.reading import Reading
from wattshed.energy.sensors.stated import constants_of, whole_components
from wattshed.energy.share.own_energy import OwnEnergy
from wattshed.energy.share.usage import NOT_ALONE_SHARE, Usage, Use, was_alone

if TYPE_CHECKING:
    from wattshed.devices.gpu_processes import GpuUse
    from wattshed.energy.idle import IdlePower
    from wattshed.energy.sensors.protocol import Sensor


@dataclass(frozen=True)
class Edge:
    """One end of a window; energies and use count from the meter's beginning."""

    at_s: float
    reading: Reading
    resolution_s: float
    use: Use
    own: Reading


@dataclass(frozen=True)
class Span:
    """Between two edges: time, machine-wide gross energy, own energy, and what the job and others used."""

    duration_s: float
    energy: Reading
    own: Reading
    use: Use

    @property
    def alone(self) -> bool | None:
        """Whether others used little of the processors and of the job's GPUs; None if that is not known."""
        if any(share < 1 - NOT_ALONE_SHARE for share in self.gpu_shares.values()):
            return False
        return was_alone(self.use.own_cpu_s, self.use.others_cpu_s, self.duration_s)

    @property
    def gpu_shares(self) -> dict[str, float]:
        """Of each GPU with a known energy, the part of it that is the job's own."""
        shares = {}
        for name, part in self.energy.components.items():
            own = self.own.components.get(name)
            if name.startswith("gpu") and own is not None and part.kwh and own.kwh is not None:
                shares[name] = own.kwh / part.kwh
        return shares

    def use_json(self) -> dict[str, Any]:
        """What was used; with ``gpu_own_share`` where others used one of the job's GPUs."""
        shares = self.gpu_shares
        shared = {"gpu_own_share": shares} if any(share < 1 for share in shares.values()) else {}
        return {**self.use.to_json(self.duration_s), **shared}


def between(first: Edge, last: Edge) -> Span:
    return Span(
        last.at_s - first.at_s,
        last.reading.since(first.reading),
        last.own.since(first.own),
        last.use.since(first.use),
    )


class Readout:
    """Reads clock, sensors and use together. Its caller holds a lock: one reading follows the other.

    usage: what the job and others use; None reads this process' tree and machine. gpu_use: the same for GPUs, None if
    that is not asked: each is then wholly the job's.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        clock: Callable[[], float],
        idle: IdlePower | None,
        usage: Usage | None,
        gpu_use: GpuUse | None,
    ) -> None:
        self._sensors = sensors
        self._clock = clock
        self.usage = usage or Usage()
        self._gpu_use = gpu_use
        self._gpu_share: dict[str, float] = {}
        self._pids: set[int] = set()
        self.constants = constants_of(sensors)
        self._own = OwnEnergy(self.constants, idle, whole_components(sensors))

    @property
    def exact(self) -> frozenset[str]:
        """Components whose own energy has no steps, as long as no other process of the tree is counted in ticks."""
        return self._own.exact if self.usage.exact else frozenset()

    def edge(self) -> Edge:
        """Everything now. The time is taken first, so that the cost of reading falls into one window only."""
        components = {}
        resolution_s = 0.0
        at_s = self._clock()
        for sensor in self._sensors:
            parts = sensor.read()
            components.update(parts)
            if any(part.kwh is not None for part in parts.values()):
                resolution_s = max(resolution_s, sensor.resolution_s)
        reading, use = Reading(components), self.usage.read(at_s)
        return Edge(at_s, reading, resolution_s, use, self._own.at(at_s, reading, use, self._gpu_share))

    def ask_gpus(self) -> None:
        """Take the job's share of each GPU's busy time since the last call; what is not known stays as it was.

        A GPU that no process used is the job's: its idle power is spent for the job that holds it.
        """
        if self._gpu_use is None:
            return
        self._pids |= self.usage.pids
        for index, share in self._gpu_use.since_last(self._pids).items():
            if share is not None:
                busy = share.own_share + share.others_share
                self._gpu_share[f"gpu{index}"] = share.own_share if busy > 0 else 1.0
