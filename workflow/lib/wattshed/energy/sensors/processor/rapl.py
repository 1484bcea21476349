"""CPU and memory energy from RAPL, through Linux' powercap files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.devices.absence import Absence
from wattshed.energy.reading import JOULES_PER_KWH, PROCESSOR, Component
from wattshed.energy.sensors.processor.rapl_remedies import VARIABLE, refused, without_zones
from wattshed.energy.sensors.provider import Provider
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

POWERCAP = Path("/sys/class/powercap")
# No socket draws more. A counter of 262 kJ then overflows after more than 4 minutes, one of 65 kJ after a minute; the
# meter reads every 5 s.
MOST_W = 1000.0
# Tolerance between the time of a counter's step and the time of its reading.
SLACK_S = 0.1
SOURCES = {"cpu": "rapl package", "ram": "rapl dram"}
NAMES = ("energy_uj", "max_energy_range_uj")


@dataclass
class _Zone:
    """One counter in microjoules that returns to 0 at its range."""

    energy: Path
    range_uj: int
    last_uj: int
    last_s: float
    total_uj: int = 0

    def read(self, now_s: float) -> None:
        """Raises ValueError if the energy since the last reading cannot be known."""
        now_uj = _count(self.energy)
        span_s = now_s - self.last_s
        if span_s * MOST_W * 1e6 > self.range_uj:
            raise ValueError(f"not read for {span_s:.0f} s, in which it may have overflowed twice")
        step_uj = now_uj - self.last_uj
        if step_uj < 0:
            step_uj += self.range_uj
        if not 0 <= step_uj <= (span_s + SLACK_S) * MOST_W * 1e6:
            raise ValueError(f"{step_uj / 1e6:.3g} J in {span_s:.3g} s: it was set back, as by a suspend")
        self.total_uj += step_uj
        self.last_uj, self.last_s = now_uj, now_s


class RaplSensor:
    """``cpu``: sum of all packages; ``ram``: sum of their DRAM zones, if there are any.

    Cores and uncore are part of a package and are not added. ``psys`` covers more than the packages and is left out,
    as is ``intel-rapl-mmio``, a second interface to the same counters. AMD's processors have zones of the same names.
    The counters overflow after minutes: a counter that is not read in time is missing from then on, with the reason.
    absences: components missing from the start, and why.
    """

    # Counters step every millisecond: in less than ten steps, one step is a large part.
    resolution_s = 0.01

    def __init__(self, root: Path = POWERCAP, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._zones: dict[str, list[_Zone]] = {}
        self._lost: dict[str, Component] = {}
        self.absences = dict.fromkeys(PROCESSOR, Absence("rapl: not started"))

    @property
    def counts(self) -> dict[str, tuple[int, ...]]:
        """The last count of each package, and of each one's memory: every one of them must move."""
        return {name: tuple(zone.last_uj for zone in zones) for name, zones in self._zones.items()}

    def start(self) -> None:
        self._zones, self._lost, self.absences = {}, {}, {}
        folders, closed = _folders(self._root)
        if not folders["cpu"]:
            absence = refused(self._root, closed[0], closed) if closed else without_zones(self._root)
            self.absences = dict.fromkeys(PROCESSOR, absence)
            return
        for name in PROCESSOR:
            opened = self._open(name, folders)
            if isinstance(opened, Absence):
                self.absences[name] = opened
            else:
                self._zones[name] = opened

    def read(self) -> dict[str, Component]:
        now_s = self._clock()
        parts = {name: Component.missing(absence) for name, absence in self.absences.items()}
        for name, zones in self._zones.items():
            if name not in self._lost:
                self._advance(name, zones, now_s)
            total_uj = sum(zone.total_uj for zone in zones)
            known = Component(total_uj / 1e6 / JOULES_PER_KWH, Status.MEASURED, SOURCES[name])
            parts[name] = self._lost.get(name, known)
        return parts

    def stop(self) -> None:
        self._zones, self._lost = {}, {}
        self.absences = dict.fromkeys(PROCESSOR, Absence("rapl: stopped"))

    def _open(self, name: str, folders: dict[str, list[Path]]) -> list[_Zone] | Absence:
        if len(folders[name]) < len(folders["cpu"]):
            return Absence(f"rapl: {len(folders[name])} of {len(folders['cpu'])} packages have a dram zone")
        try:
            return [_zone(folder, self._clock()) for folder in folders[name]]
        except PermissionError as error:
            return refused(
                self._root, Path(error.filename), [f / word for f in folders[name] for word in NAMES]
            )
        except OSError as error:
            return Absence(f"rapl: {error.filename} cannot be read ({error.strerror})")
        except ValueError as error:
            return Absence(f"rapl: powercap holds something that is not a number ({error})")

    def _advance(self, name: str, zones: list[_Zone], now_s: float) -> None:
        for zone in zones:
            try:
                zone.read(now_s)
            except (OSError, ValueError) as error:
                # Permanent, because the energy spent meanwhile is unknown.
                self._lost[name] = Component.missing(f"rapl: {zone.energy} is lost ({error})")


def _folders(root: Path) -> tuple[dict[str, list[Path]], list[Path]]:
    """Folders of packages, such as ``intel-rapl:0``, and of DRAM, such as ``intel-rapl:0:1``; and names not readable.

    The class of devices holds a link to each zone; in the devices' own tree, which a container may mount, zones hold
    one another.
    """
    folders: dict[str, list[Path]] = {name: [] for name in PROCESSOR}
    closed = []
    found = sorted(root.glob("intel-rapl:*"))
    if not found:
        found = sorted([*root.glob("intel-rapl/intel-rapl:*"), *root.glob("intel-rapl/*/intel-rapl:*")])
    for folder in found:
        try:
            kind = (folder / "name").read_text(encoding="ascii").strip()
        except PermissionError:
            closed.append(folder / "name")
            continue
        except (OSError, ValueError):
            continue
        if kind.startswith("package"):
            folders["cpu"].append(folder)
        elif kind == "dram":
            folders["ram"].append(folder)
    return folders, closed


def _zone(folder: Path, now_s: float) -> _Zone:
    energy = folder / "energy_uj"
    last_uj, range_uj = _count(energy), _count(folder / "max_energy_range_uj")
    if not range_uj:
        raise ValueError("max_energy_range_uj is 0")
    return _Zone(energy, range_uj, last_uj, now_s)


def _count(file: Path) -> int:
    """Raises ValueError for anything but a count of microjoules."""
    count = int(file.read_text(encoding="ascii"))
    if count < 0:
        raise ValueError(f"{file.name} is {count}")
    return count


class RaplProvider(Provider):
    """The first choice for CPU and memory: the processor's own counters, read directly."""

    components = frozenset(PROCESSOR)
    preference = 10

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor:
        mounted = os.environ.get(VARIABLE)
        return RaplSensor(Path(mounted) if mounted else POWERCAP)


SENSOR = RaplProvider()
