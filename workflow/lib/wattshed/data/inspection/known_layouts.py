"""Public layouts by their headers: what their publishers state and no file can show.

Sources are named in data/README.md under each heading. A fact here never overrules the file: what the days of a clock
change contradict is left out.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KnownLayout:
    """heading: of its recipe in data/README.md. fits: from header and name of a file. keys: of the block."""

    heading: str
    fits: Callable[[Sequence[str], str], bool]
    keys: dict[str, Any] = field(default_factory=dict)


def _has(*names: str) -> Callable[[Sequence[str], str], bool]:
    """All of these names, compared in lower case."""
    wanted = {name.lower() for name in names}
    return lambda header, file: wanted <= {name.lower() for name in header}


def _uci(header: Sequence[str], file: str) -> bool:
    return header[0] == "" and len(header) > 1 and all(re.fullmatch(r"MT_\d{3}", name) for name in header[1:])


def _pjm(header: Sequence[str], file: str) -> bool:
    zones = "AEP|COMED|DAYTON|DEOK|DOM|DUQ|EKPC|FE|NI|PJME|PJMW|PJM_Load"
    return len(header) == 2 and re.fullmatch(rf"({zones})_MW", header[1]) is not None


def _metr_la(header: Sequence[str], file: str) -> bool:
    named = re.search(r"metr.?la", file, re.IGNORECASE) is not None
    return named and all(re.fullmatch(r"\d{6}", name) for name in header[1:])


def _refit(header: Sequence[str], file: str) -> bool:
    return {"Unix", "Aggregate", "Appliance1"} <= set(header)


LAYOUTS = (
    KnownLayout(
        "London smart meters",
        _has("LCLid", "stdorToU", "DateTime"),
        {"times_in": "UTC", "timezone": "Europe/London", "unit": "kWh", "stamp": "start"},
    ),
    KnownLayout(
        "UCI ElectricityLoadDiagrams",
        _uci,
        {"timezone": "Europe/Lisbon", "stamp": "end", "dst": "doubled", "unit": "kW"},
    ),
    KnownLayout(
        "Datadis", _has("cups", "fecha", "hora", "consumo_kWh"), {"timezone": "Europe/Madrid", "stamp": "end"}
    ),
    KnownLayout(
        "Spanish distributors (CNMC)",
        _has("CUPS", "Fecha", "Hora", "AE_kWh"),
        {"timezone": "Europe/Madrid", "hour_numbers": "elapsed"},
    ),
    KnownLayout(
        "ERCOT",
        lambda header, file: (
            re.fullmatch(r"hour.?ending", header[0].lower()) is not None
            and {"coast", "east"} <= {name.lower() for name in header}
        ),
        {"timezone": "America/Chicago", "stamp": "end", "unit": "MW"},
    ),
    KnownLayout(
        "ERCOT by day and hour",
        _has("OperDay", "HourEnding"),
        {"timezone": "America/Chicago", "stamp": "end", "unit": "MW"},
    ),
    KnownLayout("PJM", _pjm, {"timezone": "America/New_York", "stamp": "end", "unit": "MW"}),
    KnownLayout(
        "Elexon and NESO settlement periods",
        _has("SETTLEMENT_DATE", "SETTLEMENT_PERIOD"),
        {"timezone": "Europe/London", "resolution": "30min", "unit": "MW"},
    ),
    KnownLayout(
        "ETT",
        _has("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"),
        {
            "timezone": "Asia/Shanghai",
            "quantity": "level",
            "unit": "load",
            "exclude": ["OT"],
            "stamp": "start",
        },
    ),
    KnownLayout(
        "REFIT",
        _refit,
        {
            "form": "series",
            "node_pattern": r"House_?(\d+)",
            "value_column": "Aggregate",
            "timezone": "Europe/London",
            "unit": "W",
        },
    ),
    KnownLayout(
        "Pecan Street",
        lambda header, file: (
            "dataid" in header and any(name.startswith(("local_", "localminute")) for name in header)
        ),
        {"value_column": "use", "unit": "kW"},
    ),
    KnownLayout(
        "Ausgrid solar homes",
        _has("Customer", "Generator Capacity", "Consumption Category", "date"),
        {
            "rows": {"Consumption Category": "GC"},
            "timezone": "Australia/Sydney",
            "day_first": True,
            "dst": "none",
            "unit": "kWh",
        },
    ),
    KnownLayout(
        "GEFCom2012",
        _has("zone_id", "year", "month", "day", "h1", "h24"),
        {"timezone": "America/New_York", "dst": "none", "unit": "kW", "thousands": ","},
    ),
    KnownLayout(
        "METR-LA",
        _metr_la,
        {
            "timezone": "America/Los_Angeles",
            "dst": "none",
            "quantity": "level",
            "unit": "mph",
            "missing": [0],
            "step_minutes": 5,
            "stamp": "start",
        },
    ),
    KnownLayout(
        "CityLearn",
        _has("Month", "Hour", "Day Type"),
        {"form": "series", "value_column": "Equipment Electric Power [kWh]", "resolution": "1h"},
    ),
)


def layout_of(header: Sequence[str], file: str) -> KnownLayout | None:
    """The public layout that a header is of; None for any other."""
    names = [name.strip() for name in header]
    return next((one for one in LAYOUTS if names and one.fits(names, file)), None)
