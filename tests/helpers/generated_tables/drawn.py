"""What is drawn for a table: its nodes, clock, dialect and unit; hypothesis draws and shrinks it."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

# Zone, and the first local day of a stretch: over the autumn change (twice as often), the spring change, or ordinary.
SPANS = {
    "Europe/Madrid": ("2021-10-30", "2021-10-30", "2021-03-27", "2021-02-03", "2021-07-19"),
    "Europe/Lisbon": ("2021-10-30", "2021-10-30", "2021-03-27", "2021-05-11", "2021-12-30"),
    "America/New_York": ("2021-11-06", "2021-11-06", "2021-03-13", "2021-01-30", "2021-08-09"),
    "Australia/Sydney": ("2021-04-03", "2021-04-03", "2021-10-02", "2021-06-10"),
    "UTC": ("2021-02-27", "2021-09-08"),
    "Asia/Tokyo": ("2021-03-27", "2021-12-11"),
}
DAY_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%b-%Y")
HOUR_FORMATS = ("%H:%M", "%H:%M:%S", "%I:%M %p")
NODES = ("b", "a", "007", "NA", "home 2", "Müller", "load")
MARKERS = ("", "NA", "n/e", "-", "Null", " Null ", "nan", "-9999", "x")
# Only a first column may have no name.
UNNAMED = {"wide": ("",), "series": ("",)}
# Clocks whose times may be starts or ends.
STAMPED = ("local", "utc", "offset", "unix")
# Quantity, the file's unit, the panel's unit, and what one of the file's units is in the panel's (power: per hour).
UNITS = (
    ("energy", "kWh", None, 1.0),
    ("energy", "Wh", "kWh", 1e-3),
    ("energy", "MWh", "kWh", 1e3),
    ("power", "kW", "kWh", 1.0),
    ("power", "W", "kWh", 1e-3),
    ("power", "MW", None, 1.0),
    ("level", "mph", None, 1.0),
    ("register", "kWh", None, 1.0),
)


@dataclass(frozen=True)
class Drawn:
    """One table. clock: how times are written; dst: as the key of that name. left_out: keys that the block omits."""

    zone: str
    first_day: str
    days: int
    minutes: int
    step_minutes: int
    nodes: tuple[str, ...]
    form: str
    order: str
    clock: str
    dst: str | None
    stamp: str
    midnight_24: bool
    day_format: str
    hour_format: str
    separate_hour: bool
    names: tuple[str, str, str]
    separator: str
    decimal: str
    thousands: str | None
    encoding: str
    trailing: bool
    line_end: str
    title_lines: int
    container: str
    files: int
    marker: str | None
    missing_share: float
    unit: tuple[str, str, str | None, float]
    size: float
    extra_column: bool
    seed: int
    left_out: frozenset[str]


# Keys whose description says that the file itself shows them.
SHOWN_BY_THE_FILE = (
    "form",
    "time_column",
    "node_column",
    "value_column",
    "hours_from",
    "hour_numbers",
    "day_first",
    "separator",
    "decimal",
    "thousands",
    "encoding",
    "resolution",
    "dst",
)


@st.composite
def tables(draw: Any) -> Drawn:
    zone = draw(st.sampled_from(sorted(SPANS)))
    minutes = draw(st.sampled_from((60, 30, 15, 10)))
    steps = [step for step in (10, 15, 20, 30, 60) if step % minutes == 0]
    form = draw(st.sampled_from(("long", "wide", "series", "days")))
    clocks = ["local", "local", "local", "offset", "utc", "unix"]
    if form in ("long", "wide"):
        clocks += ["hours", "hours_clock"] if minutes == 60 else ["periods"]
        clocks += ["interval"]
    clock = "local" if form == "days" else draw(st.sampled_from(clocks))
    # Files with 24 hours on every day are told so only where a clock changes.
    kinds: tuple[str | None, ...] = (None, None, "doubled", "skipped", "none")
    if zone in ("UTC", "Asia/Tokyo"):
        kinds = (None,)
    elif form == "days":
        kinds = ("doubled", "skipped", "none")
    separator = draw(st.sampled_from((",", ";", "\t", "|")))
    decimal = draw(st.sampled_from((".", "," if separator != "," else ".")))
    thousands = draw(st.sampled_from((None, None, "," if decimal == "." else ".")))
    unit = draw(st.sampled_from(UNITS))
    dst = draw(st.sampled_from(kinds)) if clock == "local" else None
    if dst == "doubled" and unit[0] in ("level", "register"):
        dst = "none"
    container = draw(st.sampled_from(("plain", "plain", "gz", "zip", "parquet")))
    typed = container == "parquet"
    if typed:
        separator, decimal, thousands = ",", ".", None
    most_left_out = draw(st.sampled_from((0, 4)))
    return Drawn(
        zone=zone,
        first_day=draw(st.sampled_from(SPANS[zone])),
        days=draw(st.integers(2, 3)),
        minutes=minutes,
        step_minutes=draw(st.sampled_from(steps)),
        nodes=tuple(draw(st.lists(st.sampled_from(NODES), min_size=1, max_size=3, unique=True))),
        form=form,
        order=draw(st.sampled_from(("ascending", "ascending", "descending", "shuffled"))),
        clock=clock,
        dst=dst,
        stamp=draw(st.sampled_from(("start", "end"))) if clock in STAMPED else "start",
        midnight_24=draw(st.booleans()),
        day_format=draw(st.sampled_from(DAY_FORMATS)),
        hour_format=draw(st.sampled_from(HOUR_FORMATS)),
        separate_hour=draw(st.booleans()),
        names=(
            draw(st.sampled_from(("time", "Datetime", "ds", "when", *UNNAMED.get(form, ())))),
            draw(st.sampled_from(("node", "meter", "unique_id", "cups", "who"))),
            draw(st.sampled_from(("value", "y", unit[1], "what"))),
        ),
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        encoding=draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))),
        trailing=draw(st.booleans()) and not typed,
        line_end=draw(st.sampled_from(("\n", "\r\n"))),
        title_lines=0 if typed else draw(st.sampled_from((0, 0, 1, 2))),
        container=container,
        files=draw(st.integers(1, 2)),
        marker=draw(st.sampled_from((None, "") if typed else (None, *MARKERS))),
        missing_share=draw(st.sampled_from((0.0, 0.0, 0.05))),
        unit=unit,
        size=draw(st.sampled_from((0.3, 30.0, 4000.0))),
        extra_column=draw(st.booleans()),
        seed=draw(st.integers(0, 9999)),
        left_out=frozenset(draw(st.lists(st.sampled_from(SHOWN_BY_THE_FILE), max_size=most_left_out))),
    )
