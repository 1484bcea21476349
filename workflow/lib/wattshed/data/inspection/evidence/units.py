"""Units that names of columns and files state."""

import re
from collections.abc import Sequence

from wattshed.data.units import ENERGY, POWER

LEVELS = {"mph": "mph", "kmh": "km/h", "kph": "km/h", "°c": "°C", "degc": "°C"}
_EXACT = {unit.lower(): unit for unit in (*ENERGY, *POWER)} | {
    "mj": "MJ",
    "watts": "W",
    "watt": "W",
    "kilowatts": "kW",
}
_PARTS = re.compile(r"[A-Za-z°/]+")
_IN_BRACKETS = re.compile(r"[\[(]\s*([A-Za-z°/]+)\s*[\])]")
# What a panel of energies has in place of a power.
ENERGY_OF = {"W": "kWh", "kW": "kWh", "MW": "MWh", "GW": "GWh"}


def unit_in(name: str) -> str | None:
    """The unit that a name states, such as `[MW]`, `AEP_MW`, `consumo_kWh`, `KWH/hh (per half hour)`; None if none."""
    for text in _IN_BRACKETS.findall(name):
        if (found := _unit(text)) is not None:
            return found
    parts = [part for text in _PARTS.findall(name.replace("_", " ")) for part in text.split("/")]
    # A single letter in a name is seldom a unit: `W` of a zone, `J` of a person.
    units = [unit for part in parts if len(part) > 1 and (unit := _unit(part)) is not None]
    return units[-1] if units else None


def _unit(text: str) -> str | None:
    for unit in (*ENERGY, *POWER):
        if text == unit:
            return unit
    if text[:1] == "m" and not text.islower():
        # mW may be milliwatts.
        return None
    lower = text.lower().split("/")[0]
    return LEVELS.get(text.lower()) or _EXACT.get(lower)


def unit_of(names: Sequence[str], files: Sequence[str]) -> tuple[str | None, str]:
    """The one unit that names of value columns state, else those of the files; and where it is from.

    None with the reason where no name states one, or two state different ones.
    """
    stated = {unit: name for name in names if (unit := unit_in(name)) is not None}
    if len(stated) > 1:
        (one, first), (two, second), *_ = stated.items()
        return None, f"{first!r} says {one} and {second!r} says {two}"
    if stated:
        ((unit, name),) = stated.items()
        return unit, f"the name {name!r}"
    of_files = {unit: file for file in files if (unit := unit_in(file)) is not None}
    if len(of_files) == 1:
        ((unit, file),) = of_files.items()
        return unit, f"the file's name {file!r}"
    return None, "no name of a column or file states a unit"


def quantity_of(unit: str) -> str:
    if unit in ENERGY:
        return "energy"
    return "power" if unit in POWER else "level"
