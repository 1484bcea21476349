"""Cells that say when: texts in many formats, offsets, unix seconds, numbers of hours and periods, intervals."""

import numpy as np
import pandas as pd

from generated_tables.clocks import Clocked
from generated_tables.drawn import Drawn


def cells_of_time(rows: Clocked, drawn: Drawn) -> dict[str, list[str]]:
    """Columns that say when, by name, in order of time."""
    name = drawn.names[0]
    start, length = rows.start, pd.Timedelta(minutes=drawn.minutes)
    if drawn.clock == "unix":
        seconds = start.as_unit("s").asi8 - rows.offset_s.astype(np.int64)
        seconds = seconds + (60 * drawn.minutes if drawn.stamp == "end" else 0)
        return {name: [str(second) for second in seconds]}
    if drawn.clock in ("hours", "hours_clock", "periods"):
        if drawn.clock == "hours_clock":
            number = start.hour.to_numpy() + 1
        else:
            number = (
                pd.Series(1, index=range(len(start)))
                .groupby(start.normalize().to_numpy())
                .cumsum()
                .to_numpy()
            )
        if drawn.clock != "periods" and drawn.midnight_24:
            number = number - 1
        return {
            name or "date": [text(day, drawn.day_format) for day in start],
            "slot": [str(n) for n in number],
        }
    if drawn.clock == "interval":
        form = f"{drawn.day_format} {drawn.hour_format}"
        return {name: [f"{text(moment, form)} - {text(moment + length, form)}" for moment in start]}
    moments = start + length if drawn.stamp == "end" else start
    days, hours = [], []
    for moment in moments:
        late = drawn.stamp == "end" and drawn.midnight_24 and "%I" not in drawn.hour_format
        if late and moment == moment.normalize() and drawn.clock != "offset":
            days.append(text(moment - length, drawn.day_format))
            hours.append("24:00:00" if "%S" in drawn.hour_format else "24:00")
        else:
            days.append(text(moment, drawn.day_format))
            hours.append(text(moment, drawn.hour_format))
    if drawn.clock == "offset":
        days = [text(moment, "%Y-%m-%d") for moment in moments]
        hours = [text(moment, "%H:%M:%S") for moment in moments]
        offsets = [_offset(int(second), drawn.midnight_24) for second in rows.offset_s]
        return {
            name: [f"{day} {hour}{offset}" for day, hour, offset in zip(days, hours, offsets, strict=True)]
        }
    if drawn.separate_hour:
        return {name or "date": days, "clock": hours}
    return {name: [f"{day} {hour}" for day, hour in zip(days, hours, strict=True)]}


def text(moment: pd.Timestamp, form: str) -> str:
    return moment.strftime(form)


def _offset(seconds: int, short: bool) -> str:
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02d}" + ("" if short else f":{minutes % 60:02d}")


def columns_of_a_day(drawn: Drawn) -> list[str]:
    """Names of the columns of a form `days`."""
    if drawn.minutes == 60 and drawn.separate_hour:
        return [f"h{number}" for number in range(1, 25)]
    first = drawn.minutes if drawn.stamp == "end" else 0
    minutes = range(first, 1440 + first, drawn.minutes)
    last = 24 if drawn.midnight_24 else 0
    return [f"{last if minute == 1440 else minute // 60}:{minute % 60:02d}" for minute in minutes]
