"""Keys about readings: missing ones, their unit and their quantity."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from wattshed.data.findings.registers import is_register
from wattshed.data.findings.sentinels import find_sentinels
from wattshed.data.inspection.case import SAID, Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.cells import numbers_of, strange_texts
from wattshed.data.inspection.evidence.units import ENERGY_OF, quantity_of, unit_of

MOST_COLUMNS = 200
MOST_TEXTS = 6
# Zeros are suspicious from this many on, if all other readings are above this share of their median.
FEWEST_ZEROS = 5
LONE_ZERO = 0.1


def about_missing(case: Case, columns: list[str]) -> Iterator[Choice | Finding]:
    """columns: those that hold the panel's readings."""
    strange: dict[str, int] = {}
    values = []
    for name in columns[:MOST_COLUMNS]:
        texts = case.sample.columns[name]
        numbers = numbers_of(texts, case.roles.signs)
        for text, count in strange_texts(texts, numbers).items():
            strange[text] = strange.get(text, 0) + count
        values.append(numbers.dropna().to_numpy())
    found = np.concatenate(values) if values else np.array([])
    sentinels = _as_written(found, find_sentinels(found)) if len(found) else {}
    listed: list[Any] = []
    whys = []
    most = sorted(strange.items(), key=lambda pair: -pair[1])
    if strange:
        shown = ", ".join(f"{text!r} {count:,} times" for text, count in most[:MOST_TEXTS])
        more = f" and {len(most) - MOST_TEXTS} other texts" if len(most) > MOST_TEXTS else ""
        yield Finding("not numbers", f"{shown}{more}", warns=True)
        if len(most) <= MOST_TEXTS:
            listed += [text for text, _ in most]
            whys.append("texts that are not numbers")
    for value, share in sentinels.items():
        says = f"{value:g} comes {round(share * len(found)):,} times ({share:.2%} of the readings), far from all others"
        yield Finding("suspicious", says, warns=True)
        listed.append(int(value) if value == int(value) else value)
        whys.append("numbers that programs write where there is none")
    stated = case.value_of("missing")
    if stated is not None:
        known = [*stated, *(one for one in listed if one not in stated)]
        yield Choice("missing", known, SAID if "missing" in case.given else next(case.stated("missing")).why)
    elif listed:
        yield Choice("missing", listed, " and ".join(dict.fromkeys(whys)))
    rest = found[~np.isin(found, list(sentinels))]
    if len(rest):
        yield from _shares(rest)
        yield from _lone_zeros(rest, known=stated or [])


def _as_written(found: np.ndarray, sentinels: dict[float, float]) -> dict[float, float]:
    """The file's own numbers: sentinels are found in 32-bit floats, and declared missing ones are compared exactly."""
    narrow = found.astype(np.float32)
    return {
        float(exact): float((found == exact).mean())
        for one in sentinels
        for exact in np.unique(found[narrow == np.float32(one)])
    }


def _lone_zeros(values: np.ndarray, known: list[Any]) -> Iterator[Finding]:
    """Zeros far below all other readings, such as speeds where a detector was silent. They may be true ones."""
    others = values[values != 0]
    zeros = len(values) - len(others)
    if (
        zeros < FEWEST_ZEROS
        or 0 in known
        or len(others) < zeros
        or others.min() < LONE_ZERO * np.median(others)
    ):
        return
    yield Finding(
        "zeros",
        f"0 comes {zeros:,} times ({zeros / len(values):.2%} of the readings), and no other reading is below "
        f"{others.min():g}: if 0 means that there is none, give --set missing=[0]",
        warns=True,
    )


def _shares(values: np.ndarray) -> Iterator[Finding]:
    zero, below = float((values == 0).mean()), float((values < 0).mean())
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    yield Finding(
        "readings", f"{low:g} to {high:g}, median {middle:g}; {zero:.1%} are 0, {below:.1%} below 0"
    )


def about_unit(case: Case, columns: list[str]) -> Iterator[Choice | Finding]:
    names = [*columns, *([case.value_of("value_column")] if case.value_of("value_column") else [])]
    found, where = unit_of([str(name) for name in names], [path.name for path in case.paths])
    choice = next(case.stated("unit"), None)
    if choice is None and found is not None:
        choice = Choice("unit", found, where)
    rising = rises(case)
    quantity = next(case.stated("quantity"), None)
    if choice is None:
        yield Choice(
            "unit",
            None,
            where + _median(case),
            undecided=True,
            others=(
                ("kWh", "energy of each interval"),
                ("kW", "mean power"),
                ("W", "mean power"),
                ("MW", "mean power"),
                ("mph", "or any other name: neither energy nor power, averaged"),
            ),
        )
    else:
        yield choice
        if "unit" not in case.given and found is not None and choice.value != found:
            yield Finding("unit", f"{where} says {found}", warns=True)
    if quantity is not None:
        yield quantity
    elif rising:
        yield Choice("quantity", "register", "the readings of every node only rise: a cumulative register")
        yield Finding(
            "quantity",
            "the readings of every node only rise, as those of a cumulative register do",
            warns=True,
        )
    elif choice is not None and quantity_of(str(choice.value)) == "level":
        yield Choice("quantity", "level", f"{choice.value} is neither energy nor power")
    yield from _panel_unit(case, choice, quantity)


def _panel_unit(case: Case, unit: Choice | None, quantity: Choice | None) -> Iterator[Choice]:
    if "panel_unit" in case.given:
        yield from case.stated("panel_unit")
    elif unit is not None and unit.value in ENERGY_OF and (quantity is None or quantity.value == "power"):
        yield Choice("panel_unit", ENERGY_OF[unit.value], "the energy of a step, of a mean power")


def _median(case: Case) -> str:
    values = case.line.values if case.line is not None else np.array([np.nan])
    return f"; the median reading is {np.nanmedian(values):g}" if np.isfinite(values).any() else ""


def rises(case: Case) -> bool:
    """Whether the readings of every node look like those of a cumulative register."""
    line = case.line
    if line is None or not len(line.wall):
        return False
    order = np.lexsort((line.wall - np.nan_to_num(line.offset_s).astype(np.int64), line.node))
    edges = np.flatnonzero(np.diff(line.node[order])) + 1
    series = [
        part[np.isfinite(part)]
        for column in line.values.T
        for part in np.split(column[order], edges)
        if np.isfinite(part).any()
    ]
    return bool(series) and all(is_register(part) for part in series)
