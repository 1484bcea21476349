"""What a finished block cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattshed.energy.reading import JOULES_PER_KWH, Reading

if TYPE_CHECKING:
    from wattshed.energy.meter import Meter
    from wattshed.energy.window import Window


@dataclass(frozen=True)
class BlockTotals:
    """Of one block: time [s], and energies by component.

    own: the block's own. machine: of the whole machine meanwhile, gross; net: that less the idle power, missing where
    none is known. own_cpu_s: processor time of the block's processes [s]. alone: see
    :func:`~wattshed.energy.share.usage.was_alone`.
    """

    duration_s: float
    own: Reading
    machine: Reading
    net: Reading
    own_cpu_s: float
    alone: bool | None


def totals_of(meter: Meter) -> BlockTotals | None:
    """Of a block with a meter of its own, whatever became of its ledger; None if it did not end by itself."""
    found = meter.totals
    if found is None:
        return None
    return BlockTotals(found.duration_s, found.own, found.energy, found.net, found.use.own_cpu_s, found.alone)


def totals_of_window(window: Window) -> BlockTotals:
    """Of a block that was a window of another."""
    return BlockTotals(
        window.duration_s, window.own, window.energy, window.net, window.use.own_cpu_s, window.alone
    )


def short(value: float | None, unit: str) -> str:
    """A number of four digits with its unit, or ``not known``."""
    if value is None:
        return "not known"
    return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.4g} {unit}"


def joules(reading: Reading | None) -> float | None:
    """Sum of the known components [J]; None if none is."""
    return None if reading is None or reading.kwh is None else reading.kwh * JOULES_PER_KWH
