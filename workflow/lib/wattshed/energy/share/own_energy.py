"""The job's own energy, from the machine's energy and the job's use of it.

With a counter it is the part above idle, shared by busy processor time. Without one it is own processor seconds times a
stated power per busy core, and own memory times a stated power per GiB: linear, so that a neighbour changes it only by
slowing the job down. A GPU's energy is shared by the time that processes kept it busy; it is wholly the job's where no
other process used it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.energy.constants import CORE_W, GIB_W, Constant
from wattshed.energy.reading import JOULES_PER_KWH, PROCESSOR, Component, Reading
from wattshed.energy.share.usage import Use
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.energy.idle import IdlePower

# Shares are taken over at least this time: counts of busy time step every 10 ms.
STEP_S = 0.5
# A job that took this share of the busy time had the machine to itself: its counter's energy is still measured.
ALONE_SHARE = 0.9
# Own processor time has no steps, but what a window itself costs must stay a small part of it.
RESOLUTION_S = 1e-3


@dataclass
class _Shared:
    """What is settled of a counter's component: own and machine-wide energy [kWh] up to the last step, and its time.

    most_kwh: the most that was stated since; own energy never falls.
    """

    at_s: float
    machine_kwh: float
    own_kwh: float = 0.0
    most_kwh: float = 0.0
    alone: bool = True


class OwnEnergy:
    """Cumulative own energy. Not safe for threads: the meter locks.

    constants: of all sensors by name, see :data:`CORE_W` and :data:`GIB_W`. idle: the machine's idle power if known;
    its energy stays apart. whole: components whose energy is wholly the job's. exact: components
    whose own energy follows from constants.
    """

    def __init__(
        self,
        constants: Mapping[str, Constant],
        idle: IdlePower | None,
        whole: frozenset[str] = frozenset(),
    ) -> None:
        self._core = constants.get(CORE_W)
        self._gib = constants.get(GIB_W)
        self._whole = whole
        by_constant = {"cpu": self._core, "ram": self._gib}
        self.exact = frozenset(name for name, found in by_constant.items() if found is not None)
        self._idle = idle
        self._shared: dict[str, _Shared] = {}
        self._at_s: float | None = None
        # Use at the last step, and at the one before it.
        self._use, self._use_before = Use(), Use()

    def at(
        self, at_s: float, machine: Reading, use: Use, gpu_share: Mapping[str, float] | None = None
    ) -> Reading:
        """Own energy since the first call, from the cumulative machine-wide reading and the cumulative use.

        gpu_share: the job's share of each GPU's busy time since the last call; 1 for those that are not named.
        """
        if self._at_s is None:
            self._at_s, self._use, self._use_before = at_s, use, use
            for name, part in machine.components.items():
                self._shared[name] = _Shared(at_s, part.kwh or 0.0)
        step = at_s - self._at_s >= STEP_S
        # Within a step the share is that of the last step and this one together: a few milliseconds have none.
        share = use.since(self._use if step else self._use_before).own_share
        shares = {
            name: (gpu_share or {}).get(name, 1.0) if _is_gpu(name) else share for name in machine.components
        }
        own = {
            name: self._component(name, part, use, shares[name], at_s, step)
            for name, part in machine.components.items()
        }
        if step:
            self._at_s, self._use, self._use_before = at_s, use, self._use
        return Reading(own)

    def _component(
        self, name: str, part: Component, use: Use, share: float, at_s: float, step: bool
    ) -> Component:
        if name == "cpu" and self._core is not None:
            kwh = use.own_cpu_s * self._core.value / JOULES_PER_KWH
            source = f"own processor seconds x {self._core.value:.3g} W per busy core"
            return Component(kwh, Status.ESTIMATED, source)
        if name == "ram" and self._gib is not None:
            kwh = use.own_gib_s * self._gib.value / JOULES_PER_KWH
            source = f"own memory x {self._gib.value:.3g} W per GiB"
            return Component(kwh, Status.ESTIMATED, source)
        if part.kwh is None or name in self._whole:
            return part  # after a gap, the next known reading covers it too
        settled = self._shared.setdefault(name, _Shared(at_s, part.kwh))
        spent_kwh = part.kwh - settled.machine_kwh
        if not _is_gpu(name):
            idle_w = self._idle_w(name, part) or 0.0
            spent_kwh = max(0.0, spent_kwh - idle_w * (at_s - settled.at_s) / JOULES_PER_KWH)
        kwh = settled.own_kwh + share * spent_kwh
        alone = settled.alone and share >= ALONE_SHARE
        if step:
            settled.at_s, settled.machine_kwh, settled.own_kwh, settled.alone = at_s, part.kwh, kwh, alone
        settled.most_kwh = max(settled.most_kwh, kwh)
        known = part.status if (alone if step else settled.alone) else Status.ESTIMATED
        return Component(settled.most_kwh, known, self._source(name, part))

    def _idle_w(self, name: str, part: Component) -> float | None:
        if self._idle is None or self._idle.source.get(name) != part.source:
            return None
        return self._idle.power_w.get(name)

    def _source(self, name: str, part: Component) -> str:
        if _is_gpu(name):
            return part.source
        if name in PROCESSOR and self._idle_w(name, part) is not None:
            return f"{part.source}, above idle, by own share of the busy time"
        return f"{part.source}, idle included, by own share of the busy time"


def _is_gpu(name: str) -> bool:
    return name.startswith("gpu")
