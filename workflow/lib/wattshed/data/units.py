"""Units of energy, power and time, as the configuration and messages write them. Light to import."""

import re
from dataclasses import dataclass

# In watts and in joules.
POWER = {"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}
ENERGY = {
    "Wh": 3.6e3,
    "kWh": 3.6e6,
    "MWh": 3.6e9,
    "GWh": 3.6e12,
    "J": 1.0,
    "kJ": 1e3,
    "MJ": 1e6,
    "GJ": 1e9,
}
TIME_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Unit:
    """dimension: energy, power, or None for another one; factor: to joules or watts."""

    name: str
    dimension: str | None
    factor: float = 1.0


def unit_of(name: str) -> Unit:
    """A unit by its name; kwh and KWH are kWh, while mW and MW differ."""
    for dimension, table in (("power", POWER), ("energy", ENERGY)):
        if name in table:
            return Unit(name, dimension, table[name])
    # A small m could be milli as well.
    alike = [
        (dimension, one, factor)
        for dimension, table in (("power", POWER), ("energy", ENERGY))
        for one, factor in table.items()
        if one.casefold() == name.casefold() and not (name[0] == "m" and one[0] == "M")
    ]
    return Unit(alike[0][1], alike[0][0], alike[0][2]) if len(alike) == 1 else Unit(name, None)


def quantity_of(quantity: str | None, unit: str) -> str | None:
    """What readings are: as stated, else energy or power as the unit says; None where neither says it."""
    return quantity or unit_of(unit).dimension


def conversion(unit: str, panel_unit: str | None, step_s: int) -> float:
    """What a value of one step is multiplied by, from the file's unit to the panel's.

    Power times the length of the step is its energy. Units of another dimension are equal: the configuration is
    refused where they are not.
    """
    if panel_unit is None or panel_unit == unit:
        return 1.0
    source, target = unit_of(unit), unit_of(panel_unit)
    factor = source.factor / target.factor
    if source.dimension == "power" and target.dimension == "energy":
        return factor * step_s
    if source.dimension == "energy" and target.dimension == "power":
        return factor / step_s
    return factor


def duration_s(text: str) -> int | None:
    """Seconds of ``15min``, ``1h`` or ``8s``; None for anything else."""
    found = re.fullmatch(r"(\d{1,5})\s*(s|min|h|d)", text.strip())
    return int(found[1]) * TIME_S[found[2]] or None if found else None


def duration_text(seconds: float) -> str:
    """``15 min``, ``24 h``, ``90 s``."""
    for unit in ("h", "min"):
        if seconds >= TIME_S[unit] and seconds % TIME_S[unit] == 0:
            return f"{seconds / TIME_S[unit]:g} {unit}"
    return f"{seconds:g} s"
