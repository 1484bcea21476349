"""Keys about how times are written, and how far apart they are."""

from collections.abc import Iterator

import numpy as np

from wattshed.data.inspection.case import Case
from wattshed.data.inspection.choices import Choice, Finding
from wattshed.data.inspection.evidence.timeline import minutes_of
from wattshed.data.units import duration_text


def about_time_text(case: Case) -> Iterator[Choice]:
    """How times are written, where the source could not know it alone."""
    line = case.line
    if line is None or line.cells is None:
        return
    cells = line.cells
    if cells.kind in ("unix", "unix_ms"):
        yield Choice(
            "time_format",
            cells.kind,
            "whole numbers that are seconds since 1970"
            if cells.kind == "unix"
            else "whole numbers that are milliseconds since 1970",
        )
    elif "time_format" in case.given:
        yield from case.stated("time_format")
    if "day_first" in case.given or "day_first" in (case.layout.keys if case.layout else {}):
        yield from case.stated("day_first")
    elif cells.ambiguous:
        yield Choice(
            "day_first",
            None,
            "dates such as 01/02/2021, and each can be read in two ways",
            undecided=True,
            others=((True, "1 February"), (False, "January 2")),
        )
    elif cells.day_first is not None:
        yield Choice("day_first", cells.day_first, "only so all dates exist and follow one another")


def about_resolution(case: Case) -> Iterator[Choice | Finding]:
    line = case.line
    stated = next(case.stated("resolution"), None)
    if line is None:
        if stated is not None:
            yield stated
        elif not case.roles.time:
            yield Choice(
                "resolution",
                None,
                "the file has no times",
                undecided=True,
                others=(("1h", ""), ("15min", "")),
            )
        return
    if stated is not None:
        yield stated
    elif case.roles.period is not None:
        highest = int(np.nanmax(line.numbers)) if line.numbers is not None else 48
        minutes = minutes_of(highest)
        yield Choice(
            "resolution", "1h" if minutes == 60 else f"{minutes}min", f"numbers to {highest} in a day"
        )
    elif line.irregular:
        yield Choice(
            "resolution",
            "irregular",
            f"{line.other_share:.0%} of the spacings differ from {line.resolution_s} s",
        )
    if line.resolution_s:
        yield Finding(
            "resolution",
            f"{duration_text(line.resolution_s)} between readings; {line.other_share:.2%} of the spacings differ",
            warns=line.other_share > 0.02 and not line.irregular,
        )
    if line.lost:
        yield Finding("times", f"{line.lost:,} rows have a time that cannot be read", warns=True)
    if "step_minutes" in case.given or (case.layout is not None and "step_minutes" in case.layout.keys):
        yield from case.stated("step_minutes")
