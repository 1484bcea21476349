"""RAPL through zeusd, the daemon of Zeus, where powercap is not readable: the optional extra ``wattshed[zeus]``."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.energy.reading import JOULES_PER_KWH, PROCESSOR, Component
from wattshed.energy.sensors.provider import Provider
from wattshed.foundation.faults import one_line
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

SOCKET, ADDRESS, TOKEN = "ZEUSD_SOCK_PATH", "ZEUSD_HOST_PORT", "ZEUSD_TOKEN"
INSTALL = "pip install 'wattshed[zeus]'"
START = "where RAPL may be read by root alone: run `sudo zeusd serve --enable cpu-read`"
# zeusd checks once a second whether a counter has overflowed; until then its sum is one whole range too low.
CATCHES_UP_S = 5.0


class ZeusdSensor:
    """``cpu`` and ``ram`` as zeusd reads them for a user without privileges.

    Used only if the environment holds zeusd's address. No other part of Zeus is used: its monitor reports a machine
    without counters as zero joules, without a warning. client: a ``zeus.utils.zeusd.ZeusdClient``, None for one at
    that address. absences: components missing from the start, and why.
    """

    # An answer takes a few milliseconds, and the time of the reading within them is unknown.
    resolution_s = 0.1

    def __init__(
        self,
        client: Any = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given = client
        self._environment = environment
        self._clock = clock
        self._client: Any = None
        self._counters: dict[str, _Counter] = {}
        self._source = "rapl by zeusd"
        # Component -> the last count of each processor: every one of them must move.
        self.counts: dict[str, tuple[int, ...]] = {}
        self.absences = dict.fromkeys(PROCESSOR, Absence("zeusd: not started"))

    def start(self) -> None:
        self.stop()
        absence = self._connect()
        if absence is not None:
            self.absences = dict.fromkeys(PROCESSOR, absence)
            return
        try:
            totals_uj = self._totals_uj()
        except Exception as error:  # Zeus has many exception classes, without a common base
            self.absences = dict.fromkeys(PROCESSOR, Absence(f"zeusd: {one_line(error)}"))
            return
        self._counters = {name: _Counter(uj, self._clock) for name, uj in totals_uj.items()}
        unknown = Absence("zeusd: not every processor has this counter")
        self.absences = {name: unknown for name in PROCESSOR if name not in totals_uj}

    def read(self) -> dict[str, Component]:
        parts = {name: Component.missing(absence) for name, absence in self.absences.items()}
        if not self._counters:
            return parts
        try:
            totals_uj = self._totals_uj()
            reason = "zeusd: the counter is no longer reported"
        except Exception as error:
            totals_uj, reason = {}, f"zeusd: {error}"
        for name, counter in self._counters.items():
            if name in totals_uj:
                parts[name] = counter.component(totals_uj[name], self._source)
            else:
                parts[name] = Component.missing(reason)
        return parts

    def stop(self) -> None:
        self._client, self._counters, self.counts = None, {}, {}
        self.absences = dict.fromkeys(PROCESSOR, Absence("zeusd: stopped"))

    def _connect(self) -> Absence | None:
        socket, address = self._environment.get(SOCKET), self._environment.get(ADDRESS)
        if not socket and not address:
            return Absence(
                f"zeusd: neither {SOCKET} nor {ADDRESS} is set", f"{START}, set {SOCKET}, {INSTALL}"
            )
        if not socket:
            # A daemon reached over the network may run on another machine: the ledger must show its address.
            self._source = f"rapl by zeusd at {address}"
        self._client = self._given
        if self._client is None:
            try:
                zeusd = importlib.import_module("zeus.utils.zeusd")
            except ImportError as error:
                return Absence(f"zeusd: zeus cannot be imported ({error})", INSTALL)
            try:
                token = self._environment.get(TOKEN)
                where = {"socket_path": socket} if socket else {"host_port": address}
                self._client = zeusd.ZeusdClient(zeusd.ZeusdConfig(**where, token=token))
            except Exception as error:
                return Absence(f"zeusd: {error}", START)
        if self._client.auth_error:
            return Absence(
                f"zeusd: {self._client.auth_error}", f"ask who runs zeusd for a token, set {TOKEN}"
            )
        if not self._client.can_read_cpu:
            return Absence("zeusd: this user may not read CPU energy", START)
        return None

    def _totals_uj(self) -> dict[str, int]:
        """Sums over all processors; a counter that one of them lacks is left out."""
        readings = list(self._client.get_cpu_energy().values())
        columns = {
            "cpu": [reading.cpu_energy_uj for reading in readings],
            "ram": [reading.dram_energy_uj for reading in readings],
        }
        whole = {name: tuple(each) for name, each in columns.items() if each and None not in each}
        for name, each in whole.items():
            wrong = [uj for uj in each if not isinstance(uj, int) or uj < 0]
            if wrong:
                raise ValueError(f"the counter of {name} reads {wrong[0]!r}, which is not a count")
        self.counts = whole
        return {name: sum(each) for name, each in whole.items()}


class _Counter:
    """Sum of all processors' counters [uJ]; zeusd corrects it when a counter overflows."""

    def __init__(self, start_uj: int, clock: Callable[[], float]) -> None:
        self._start_uj = self._highest_uj = start_uj
        self._clock = clock
        self._fell_s: float | None = None
        self._lost = False

    def component(self, now_uj: int, source: str) -> Component:
        if now_uj < self._highest_uj and not self._lost:
            now_s = self._clock()
            self._fell_s = now_s if self._fell_s is None else self._fell_s
            self._lost = now_s - self._fell_s > CATCHES_UP_S
        if self._lost:
            return Component.missing("zeusd: the counter fell back, as after a restart of zeusd")
        if now_uj < self._highest_uj:
            return Component.missing("zeusd: the counter overflowed a moment ago")
        self._highest_uj, self._fell_s = now_uj, None
        return Component((now_uj - self._start_uj) / 1e6 / JOULES_PER_KWH, Status.MEASURED, source)


class ZeusdProvider(Provider):
    """The same counters through a daemon, where they may not be read directly."""

    components = frozenset(PROCESSOR)
    preference = 20

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor:
        return ZeusdSensor()


SENSOR = ZeusdProvider()
