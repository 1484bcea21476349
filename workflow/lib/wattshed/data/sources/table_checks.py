"""Keys of the source ``table`` that cannot be true together, found when the configuration is read."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from wattshed.data.units import duration_s, duration_text, quantity_of, unit_of

if TYPE_CHECKING:
    from wattshed.data.sources.table import Settings

OFFSET = re.compile(r"[+-]\d\d:\d\d")
# Keys that only some forms read.
FORMS_OF = {
    "node_column": ("long", "days"),
    "value_column": ("long", "series"),
    "node_pattern": ("series", "days"),
    "columns": ("wide",),
    "first_time": ("wide", "series"),
    "hour_column": ("long", "wide", "series"),
    "period_column": ("long", "wide", "series"),
}


def check(keys: Settings) -> None:
    """Raise :class:`ValueError` with a sentence for the first two keys that contradict each other."""
    for part in (_paths, _forms, _times, _texts, _resolution, _quantity, _units):
        part(keys)


def _paths(keys: Settings) -> None:
    named = [keys.path] if isinstance(keys.path, str) else keys.path
    if not named or not all(one.strip() for one in named):
        raise ValueError("path is empty; expected a file, a pattern such as homes/*.csv, or a list of files")


def _forms(keys: Settings) -> None:
    for name, forms in FORMS_OF.items():
        if getattr(keys, name) and keys.form is not None and keys.form not in forms:
            raise ValueError(
                f"{name} and form {keys.form} are set; expected {name} only with {' or '.join(forms)}: leave one out"
            )
    if keys.columns and (keys.node_column or keys.value_column):
        raise ValueError(
            "columns names the nodes of a wide table, and node_column and value_column are of a long one; "
            "expected one "
            "of them: leave the other out"
        )
    if keys.node_pattern is not None:
        try:
            groups = re.compile(keys.node_pattern).groups
        except re.error as error:
            raise ValueError(f"node_pattern is not a regular expression ({error}); correct it") from error
        if groups != 1:
            raise ValueError(
                f"node_pattern has {groups} groups; expected one, whose text is the node, such as (house\\d+)"
            )


def _times(keys: Settings) -> None:
    if keys.hour_column is not None and keys.period_column is not None:
        raise ValueError("hour_column and period_column are set; expected one of them: leave the other out")
    if keys.first_time is not None:
        for name in ("time_column", "hour_column", "period_column"):
            if getattr(keys, name) is not None:
                raise ValueError(
                    f"first_time and {name} are set; expected first_time only for files without times: leave one out"
                )
        if keys.resolution in (None, "irregular"):
            raise ValueError(
                "first_time is set without resolution; expected how far rows are apart, such as 1h"
            )
    if isinstance(keys.time_column, list) and (
        not keys.time_column or len(set(keys.time_column)) < len(keys.time_column)
    ):
        raise ValueError("time_column names no column or one twice; expected different columns")
    if (
        keys.time_format is not None
        and "%" not in keys.time_format
        and keys.time_format not in ("unix", "unix_ms")
    ):
        raise ValueError(
            f"time_format is {keys.time_format!r}; expected strptime's letters such as %d/%m/%Y %H:%M, unix or "
            "unix_ms"
        )
    if keys.time_format is not None and "%" in keys.time_format:
        try:
            datetime.strptime("", keys.time_format)
        except (ValueError, re.error) as error:
            if "does not match" not in str(error):
                raise ValueError(
                    f"time_format is {keys.time_format!r} ({error}); expected strptime's letters such as "
                    "%d/%m/%Y %H:%M: correct it"
                ) from error
    clock = keys.times_in or keys.timezone
    if keys.dst in ("doubled", "skipped") and (clock == "UTC" or OFFSET.fullmatch(clock)):
        raise ValueError(
            f"dst is {keys.dst} and the file's clock {clock} never changes; expected a zone whose clock does: set "
            "times_in, or leave dst out"
        )


def _texts(keys: Settings) -> None:
    if keys.separator is not None and (len(keys.separator) != 1 or keys.separator in '"\r\n'):
        raise ValueError(
            f"separator is {keys.separator!r}; expected one sign such as ';', or \"\\t\" in double quotes for a tab"
        )
    if keys.thousands is not None and (
        keys.thousands == keys.decimal or keys.thousands in '+-"' or keys.thousands.isalnum()
    ):
        raise ValueError(
            f"thousands is {keys.thousands!r}; expected a sign that is not the decimal sign, a digit or a letter"
        )
    if keys.encoding is not None:
        try:
            "".encode(keys.encoding)
        except (LookupError, UnicodeError) as error:
            raise ValueError(
                f"encoding {keys.encoding!r} is not known; expected a name such as utf-8 or cp1252"
            ) from error


def _resolution(keys: Settings) -> None:
    if keys.resolution is None:
        return
    if keys.resolution == "irregular":
        for name in ("hour_column", "period_column", "dst"):
            if getattr(keys, name) is not None:
                raise ValueError(
                    f"resolution is irregular and {name} is set; expected a fixed resolution with it"
                )
        if keys.stamp == "end":
            raise ValueError(
                "resolution is irregular and stamp is end; expected times at which readings begin to hold: leave "
                "stamp "
                "out"
            )
        return
    seconds, step_s = duration_s(keys.resolution), 60 * keys.step_minutes
    if seconds is None:
        raise ValueError(
            f"resolution is {keys.resolution!r}; expected a length such as 15min, 1h or 10s, or irregular"
        )
    if seconds > step_s:
        raise ValueError(
            f"resolution is {duration_text(seconds)} and the step {duration_text(step_s)}; expected a resolution "
            "of at "
            "most one step, since readings are never divided: correct resolution or step_minutes"
        )
    if step_s % seconds:
        raise ValueError(
            f"resolution {duration_text(seconds)} does not divide the step of {duration_text(step_s)}; expected a "
            "part "
            "of it: correct resolution or step_minutes"
        )
    if keys.period_column is not None and seconds % 60:
        raise ValueError(f"resolution is {duration_text(seconds)}; expected whole minutes with period_column")
    if seconds < step_s and quantity_of(keys.quantity, keys.unit) is None:
        raise ValueError(
            f"readings of {duration_text(seconds)} become steps of {duration_text(step_s)} and the unit "
            f"{keys.unit!r} does "
            "not say whether they are summed or averaged; expected quantity: set it to energy, power, register or "
            "level"
        )


def _quantity(keys: Settings) -> None:
    dimension, stated = unit_of(keys.unit).dimension, keys.quantity
    wrong = {"energy": "power", "register": "power", "power": "energy"}
    if stated in wrong and dimension == wrong[stated]:
        raise ValueError(
            f"quantity is {stated} and unit {keys.unit} is one of {dimension}; expected a unit of "
            f"{'power, such as kW' if stated == 'power' else 'energy, such as kWh'}: correct one"
        )
    quantity = quantity_of(stated, keys.unit)
    if keys.resolution == "irregular" and quantity not in ("power", "level"):
        raise ValueError(
            f"resolution is irregular and quantity is {quantity or 'not set'} (unit {keys.unit}); expected "
            "readings that "
            "hold until the next one: set quantity to power or level, or unit to one of power such as W"
        )


def _units(keys: Settings) -> None:
    if keys.panel_unit is None or keys.panel_unit == keys.unit:
        return
    source, target = unit_of(keys.unit).dimension, unit_of(keys.panel_unit).dimension
    if source is None or target is None:
        unknown = keys.unit if source is None else keys.panel_unit
        raise ValueError(
            f"unit is {keys.unit} and panel_unit {keys.panel_unit}; {unknown!r} is not a unit of energy or power "
            "that can "
            "be converted (W, kW, MW, GW, Wh, kWh, MWh, GWh, J, kJ, MJ, GJ): leave panel_unit out"
        )
    if source != target and keys.quantity == "level":
        raise ValueError(
            f"quantity is level, unit {keys.unit} and panel_unit {keys.panel_unit}; expected both of one "
            "dimension, since "
            "a level is not turned into energy: set quantity to power or energy"
        )
