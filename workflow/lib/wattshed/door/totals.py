"""What a finished block cost, as its ledger says it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.energy.ledger.attempts import net_kwh
from wattshed.energy.reading import JOULES_PER_KWH, Component, Reading
from wattshed.foundation.vocabulary import Status

if TYPE_CHECKING:
    from wattshed.energy.window import Window

# The end event has some kB; it is found in the last part of the file.
TAIL_BYTES = 1 << 20


@dataclass(frozen=True)
class Totals:
    """Of one block: time [s], and energies by component.

    energy: machine-wide and gross. net: that less the idle power, None where no idle power is known. own: this job's
    own share, None where it is not recorded. own_cpu_s: processor time of the job's processes [s].
    """

    duration_s: float
    energy: Reading
    net: Reading | None = None
    own: Reading | None = None
    own_cpu_s: float | None = None


def totals_of(ledger: Path) -> Totals:
    """What the last ``end`` event of a finished ledger says; raises OSError, ValueError or KeyError if it has none."""
    with ledger.open("rb") as file:
        idle = _idle(file)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        end = json.loads(file.read().rstrip().rpartition(b"\n")[2])
    energy, own = end["energy"], end.get("own")
    net = net_kwh(energy, idle, end["duration_s"])
    return Totals(
        end["duration_s"],
        _reading(energy),
        None if idle is None else _less(energy, net),
        None if own is None else _reading(own),
        (end.get("use") or {}).get("own_cpu_s"),
    )


def totals_of_window(window: Window) -> Totals:
    """Of a block that was a window of another."""
    use = getattr(window, "use", None)
    return Totals(
        window.duration_s,
        window.energy,
        window.net,
        getattr(window, "own", None),
        getattr(use, "own_cpu_s", None),
    )


def _idle(file: Any) -> dict[str, Any] | None:
    """The idle power of the ``sensors`` event, the second line of a new ledger."""
    file.readline()
    found: dict[str, Any] | None = json.loads(file.readline()).get("idle")
    return found


def _reading(energy: dict[str, dict[str, Any]]) -> Reading:
    return Reading(
        {
            name: Component(part["kwh"], Status(part["status"]), part["source"])
            for name, part in energy.items()
        }
    )


def _less(energy: dict[str, dict[str, Any]], net: dict[str, float | None]) -> Reading:
    parts = {}
    for name, part in energy.items():
        kwh = net[name]
        source = f"{part['source']}, less idle power"
        missing = Component.missing(f"no idle power from {part['source']}")
        parts[name] = missing if kwh is None else Component(kwh, Status(part["status"]), source)
    return Reading(parts)


def short(value: float | None, unit: str) -> str:
    """A number of four digits with its unit, or ``not known``."""
    if value is None:
        return "not known"
    return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.4g} {unit}"


def joules(reading: Reading | None) -> float | None:
    """Sum of the known components [J]; None if none is."""
    return None if reading is None or reading.kwh is None else reading.kwh * JOULES_PER_KWH
