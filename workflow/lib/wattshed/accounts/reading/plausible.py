"""Ledgers whose numbers are impossible: found in whole tables at once, and named by file and line."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wattshed.foundation.opening.regular_files import DAMAGED, read_regular

# No attempt lasts a century; nothing takes the world's electricity of an hour.
LONGEST_S = 100 * 365.25 * 86400
LARGEST_KWH = 3e9
LARGEST_W = 1e9
LIMITS = {"_kwh": LARGEST_KWH, "_s": LONGEST_S, "_w": LARGEST_W}
# Differences may be negative: energies above idle, and the step of the wall clock.
SIGNED = ("net_kwh", "clock_jump_s")
# Columns of windows that every window has.
NEVER_NULL = frozenset({"start_s", "end_s", "repeats"})
TIMES = ("started_utc", "began_utc", "ended_utc", "last_began_utc")
# As for the flag "clock jump": up to here, clocks differ without a step.
CLOCK_JUMP_S = 2.0


def impossible_rows(table: pa.Table) -> np.ndarray:
    """bool [rows]: energy, time or power negative, infinite or beyond any machine; an end before its start; no time.

    table: runs or windows, as :func:`~wattshed.accounts.reading.frame_types.typed_table` makes them.
    """
    wrong = np.zeros(table.num_rows, dtype=bool)
    for name in table.column_names:
        limit = next((limit for unit, limit in LIMITS.items() if name.endswith(unit)), None)
        if limit is None or name.endswith(SIGNED) or name.startswith(("value_", "sampled_")):
            continue
        column = table[name]
        if not pa.types.is_floating(column.type):
            continue
        ends = pc.min_max(column).as_py()
        if ends["min"] is not None and not (ends["min"] >= 0 and ends["max"] <= limit):
            numbers = column.to_numpy()
            wrong |= (numbers < 0) | (numbers > limit)
    for name in NEVER_NULL & set(table.column_names):
        wrong |= table[name].is_null().to_numpy()
    if {"start_s", "end_s"} <= set(table.column_names):
        wrong |= _true(pc.less(table["end_s"], table["start_s"]))
    if "repeats" in table.column_names:
        wrong |= _true(pc.less(table["repeats"], 1))
    if set(TIMES) <= set(table.column_names):
        wrong |= _impossible_times(table)
    return wrong


def _impossible_times(table: pa.Table) -> np.ndarray:
    seconds = {}
    wrong = np.zeros(table.num_rows, dtype=bool)
    for name in TIMES:
        texts = table[name].to_pandas()
        times = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
        wrong |= (times.isna() & texts.notna()).to_numpy()
        seconds[name] = times.to_numpy(dtype="datetime64[ns]")
    before = seconds["ended_utc"] < seconds["last_began_utc"]
    jumped = _true(pc.greater(pc.abs(table["clock_jump_s"]), CLOCK_JUMP_S))
    return wrong | (before & ~jumped)


def _true(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column, False).to_numpy(), dtype=bool)


def first_wrong(path: str) -> str | None:
    """One sentence with file and line on the first event of a ledger that cannot be; None if there is none."""
    try:
        lines = read_regular(path).splitlines()
    except DAMAGED:
        return None
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if wrong := wrong_event(event):
            return (
                f"{path}, line {number}: {wrong}: the ledger is left out; restore the file, or delete it and run its "
                "job again."
            )
    return None


def what_is_wrong(path: str, otherwise: str | None = None) -> str:
    """:func:`first_wrong`, else ``otherwise``."""
    return (
        first_wrong(path)
        or otherwise
        or (
            f"{path} holds energies or times that no machine has: the ledger is left out; restore the file, or delete "
            "it and run its job again."
        )
    )


def wrong_event(event: Any) -> str | None:
    """What is impossible in one event of a ledger, as part of a sentence; None if all is well or it is unknown."""
    if not isinstance(event, dict):
        return None
    check = _CHECKS.get(str(event.get("event")))
    return None if check is None else check(event)


def _start(event: Mapping[str, Any]) -> str | None:
    for name in ("machine", "labels", "location", "commit", "versions"):
        if not isinstance(event.get(name), dict):
            return f"{name} is {event.get(name)!r}, expected a mapping"
    for name in ("job", "stage"):
        if not isinstance(event.get(name), str):
            return f"{name} is {event.get(name)!r}, expected a text"
    return _no_time(event, "started_utc")


def _sensors(event: Mapping[str, Any]) -> str | None:
    idle = event.get("idle")
    if idle is not None and not isinstance(idle, dict):
        return f"idle is {idle!r}, expected a mapping or null"
    for name, power_w in ((idle or {}).get("power_w") or {}).items():
        if power_w is not None and (wrong := _no_number(power_w, LARGEST_W)):
            return f"the idle power of {name} {wrong}"
    return _no_time(event, "began_utc")


def _window(event: Mapping[str, Any]) -> str | None:
    for name in ("start_s", "end_s", "duration_s"):
        if wrong := _no_number(event.get(name), LONGEST_S):
            return f"{name} {wrong}"
    if event["end_s"] < event["start_s"]:
        return f"end_s {event['end_s']} is before start_s {event['start_s']}"
    repeats = event.get("repeats")
    if type(repeats) is not int or repeats < 1:
        return f"repeats is {repeats!r}, expected a whole number from 1"
    for name in ("labels", "values"):
        if not isinstance(event.get(name), dict):
            return f"{name} is {event.get(name)!r}, expected a mapping"
    return _no_energy(event.get("energy"))


def _tick(event: Mapping[str, Any]) -> str | None:
    if wrong := _no_number(event.get("at_s"), LONGEST_S):
        return f"at_s {wrong}"
    energy = event.get("energy")
    if not isinstance(energy, dict):
        return f"energy is {energy!r}, expected a mapping"
    for name, kwh in energy.items():
        if kwh is not None and (wrong := _no_number(kwh, LARGEST_KWH)):
            return f"the energy of {name} {wrong}"
    return None


def _end(event: Mapping[str, Any]) -> str | None:
    if wrong := _no_number(event.get("duration_s"), LONGEST_S):
        return f"duration_s {wrong}"
    return _no_time(event, "ended_utc") or _no_energy(event.get("energy"))


def _no_energy(energy: Any) -> str | None:
    if not isinstance(energy, dict):
        return f"energy is {energy!r}, expected a mapping"
    for name, part in energy.items():
        if not isinstance(part, dict) or "kwh" not in part:
            return f"the energy of {name} is {part!r}, expected kwh, status and source"
        if part["kwh"] is not None and (wrong := _no_number(part["kwh"], LARGEST_KWH)):
            return f"the energy of {name} {wrong}"
    return None


def _no_number(value: Any, limit: float) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return f"is {value!r}, expected a number"
    if value < 0:
        return f"is {value}, expected a number that is not negative"
    return f"is {value}, which is impossible" if value > limit else None


def _no_time(event: Mapping[str, Any], name: str) -> str | None:
    try:
        datetime.fromisoformat(event[name])
    except (KeyError, TypeError, ValueError):
        return f"{name} is {event.get(name)!r}, expected a time such as 2026-01-05T08:00:00+00:00"
    return None


_CHECKS: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
    "start": _start,
    "sensors": _sensors,
    "window": _window,
    "tick": _tick,
    "end": _end,
}
