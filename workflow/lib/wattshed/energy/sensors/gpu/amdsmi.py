"""Every visible AMD GPU's energy through AMD SMI: the optional extra ``wattshed[amd]``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from wattshed.devices.absence import Absence
from wattshed.devices.amd_gpus import AmdGpu, may_use_amd, visible_amd_gpus
from wattshed.devices.present_gpus import AMD, count_present
from wattshed.energy.sensors.gpu.gpu_counter import GpuCounter, is_number
from wattshed.energy.sensors.gpu.gpu_power import MOST_W, PowerSamples
from wattshed.energy.sensors.gpu.gpu_sensor import GpuSensor
from wattshed.energy.sensors.provider import Provider, SensorReport
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.sensors.protocol import Sensor

RESOLUTION_S = 0.1
# How long all counters are compared with their cards' power before they are trusted.
TRIAL_S = 0.2
# Counters were seen to tell physically impossible energies (github.com/ROCm/amdsmi/issues/38).
MOST_FACTOR = 10.0
# MI300 knows no average, MI210 no current power: the first that is a number counts.
POWERS = ("average_socket_power", "current_socket_power", "socket_power")
# Cards of two dies, each a GPU of its own: the first tells the power of both, the second nothing.
TWO_DIES = "MI250"
WHOLE_CARD = " of the whole card"


class AmdSmiSensor(GpuSensor):
    """One component per visible card, ``gpu_amd0``, … by AMD SMI's number; ``gpu_amd`` alone if this job has none.

    A counter is used if it agrees with the card's power within a factor of ten for a fifth of a second; else the power
    is sampled. Of a card with two dies, or with partitions, the first one tells the energy of all; the whole card is
    then one component, also for a job that may use only another one.
    library: AMD SMI's bindings, None for the installed ones.
    """

    def __init__(
        self,
        library: Any = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__("amdsmi", RESOLUTION_S)
        self._library = library
        self._environment = environment
        self._clock = clock
        self._sleep = sleep
        self.absences = {"gpu_amd": Absence("amdsmi: not started")}

    def start(self) -> None:
        self.stop()
        visible, every, absence, library = visible_amd_gpus(self._library, self._environment)
        self.absences = {}
        if absence is not None:
            names = {f"gpu_amd{number}": absence for number in absence.numbers}
            self.absences = names or {"gpu_amd": absence}
            return
        firsts = {gpu.index: self._first_of_card(library, gpu, every) for gpu in every}
        cards = {firsts[gpu.index].index: firsts[gpu.index] for gpu in visible}
        shared = {first.index for index, first in firsts.items() if first.index != index}
        doubts = self._doubts(library, list(cards.values()))
        for gpu in cards.values():
            name, note = f"gpu_amd{gpu.index}", WHOLE_CARD if gpu.index in shared else ""
            power = partial(PowerSamples, name, partial(_power_w, library, gpu), "amdsmi", self._clock, note)
            self._meter(name, partial(_counter, name, library, gpu, note, doubts[gpu.index]), power)

    def stop(self) -> None:
        self._forget()
        self.absences = {"gpu_amd": Absence("amdsmi: stopped")}

    def _first_of_card(self, library: Any, gpu: AmdGpu, every: list[AmdGpu]) -> AmdGpu:
        """The GPU that tells this one's energy: itself, unless it tells nothing and is part of a card of several."""
        if _tells(library, gpu):
            return gpu
        place = every.index(gpu)
        same_card = [other for other in every[:place] if other.card and other.card == gpu.card]
        if TWO_DIES in gpu.name and place and TWO_DIES in every[place - 1].name:
            same_card.append(every[place - 1])
        return next((other for other in same_card if _tells(library, other)), gpu)

    def _doubts(self, library: Any, gpus: list[AmdGpu]) -> dict[int, str]:
        """Why each counter is not trusted; empty for one that agrees with the power."""
        before = {gpu.index: _joules_or_none(library, gpu) for gpu in gpus}
        power_w = {gpu.index: _power_or_none(library, gpu) for gpu in gpus}
        start_s = self._clock()
        if gpus:
            self._sleep(TRIAL_S)
        return {
            gpu.index: _doubt(
                before[gpu.index], _joules_or_none(library, gpu), power_w[gpu.index], self._clock() - start_s
            )
            for gpu in gpus
        }


def _doubt(before_j: float | None, after_j: float | None, power_w: float | None, span_s: float) -> str:
    if before_j is None or after_j is None or span_s <= 0:
        return "no energy counter"
    counted_w = (after_j - before_j) / span_s
    if counted_w == 0:
        return f"the energy counter did not move in {span_s:.1f} s"
    # Without a power to compare with, only what no card can draw is doubted.
    lowest_w, highest_w = (power_w / MOST_FACTOR, power_w * MOST_FACTOR) if power_w else (0.0, MOST_W)
    if lowest_w <= counted_w <= highest_w:
        return ""
    beside = f", its power reads {power_w:.3g} W" if power_w else ""
    return f"the energy counter says {counted_w:.3g} W{beside}"


def _counter(name: str, library: Any, gpu: AmdGpu, note: str, doubt: str) -> GpuCounter:
    if doubt:
        raise ValueError(doubt)
    source = f"amdsmi energy counter{note}"
    return GpuCounter(name, partial(_count, library, gpu), "amdsmi", _joules_per_count(library, gpu), source)


def _count(library: Any, gpu: AmdGpu) -> Any:
    answer = library.amdsmi_get_energy_count(gpu.handle)
    # The key was called power before version 6.2.1.
    return answer.get("energy_accumulator", answer.get("power"))


def _joules_per_count(library: Any, gpu: AmdGpu) -> float:
    resolution_uj = library.amdsmi_get_energy_count(gpu.handle)["counter_resolution"]
    if not is_number(resolution_uj) or resolution_uj <= 0:
        raise ValueError(f"the energy counter's step reads {resolution_uj!r} uJ")
    return float(resolution_uj) / 1e6


def _power_w(library: Any, gpu: AmdGpu) -> float:
    powers = library.amdsmi_get_power_info(gpu.handle)
    found = [powers.get(name) for name in POWERS]
    usable = [power for power in found if is_number(power) and 0 < power <= MOST_W]
    if not usable:
        raise ValueError(
            f"no power is told ({', '.join(f'{n} {p!r}' for n, p in zip(POWERS, found, strict=True))})"
        )
    return float(usable[0])


def _power_or_none(library: Any, gpu: AmdGpu) -> float | None:
    try:
        return _power_w(library, gpu)
    except Exception:
        return None


def _joules_or_none(library: Any, gpu: AmdGpu) -> float | None:
    try:
        count = _count(library, gpu)
        return float(count) * _joules_per_count(library, gpu) if is_number(count) and count > 0 else None
    except Exception:
        return None


def _tells(library: Any, gpu: AmdGpu) -> bool:
    return _joules_or_none(library, gpu) is not None or _power_or_none(library, gpu) is not None


class AmdSmiProvider(Provider):
    """Chosen without a trial where there is an AMD GPU. GPUs of other makers are left to the next sensor."""

    components = frozenset({"gpu"})
    preference = 80
    tried = False
    leaves_others = True

    def open(self, metering: MeteringBlock, components: frozenset[str]) -> Sensor | None:
        return AmdSmiSensor() if may_use_amd() else None

    def survey(self, name: str, metering: MeteringBlock) -> list[SensorReport]:
        reports = super().survey(name, metering)
        if reports:
            return reports
        detail = "amdsmi: its GPUs are hidden from this job" if count_present(AMD) else "amdsmi: no AMD GPU"
        return [SensorReport("gpu", name, Status.MISSING, detail, None, None)]


SENSOR = AmdSmiProvider()
