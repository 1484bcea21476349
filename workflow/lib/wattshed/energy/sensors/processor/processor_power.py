"""Power of a busy processor core: stated by the user, else from the table of thermal design powers, else assumed."""

from __future__ import annotations

import csv
import importlib.util
import os
import platform
import re
from functools import cache
from pathlib import Path

from wattshed.energy.constants import Constant

CPUINFO = Path("/proc/cpuinfo")
UNIT = "W per busy logical core"
# CodeCarbon's assumption for a processor that its table does not name.
ASSUMED_W = 4.0
# A virtual machine sees some cores of a socket whose whole power the table states. Real sockets have up to this
# power per logical core; more means that cores are hidden.
MOST_PLAUSIBLE_W = 16.0


@cache
def tdp_table() -> dict[str, float]:
    """Thermal design power of a socket [W] by processor name, from the table that CodeCarbon ships, read as data."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        return {}
    table: dict[str, float] = {}
    try:
        path = Path(spec.submodule_search_locations[0]) / "data/hardware/cpu_power.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    table[row["Name"].strip()] = float(row["TDP"])
                except (KeyError, TypeError, ValueError):
                    continue  # a few entries of the table are not numbers
    except OSError:
        return {}
    return table


@cache
def tdp_w(processor: str) -> float | None:
    """TDP of ``AMD Ryzen 5 5600X 6-Core Processor``, by the longest name of the table that it begins with."""
    plain = re.sub(r"^\d+th Gen |\((R|TM|tm)\)| CPU|-Core| Processor", "", processor).split(" @")[0]
    words = plain.split()
    for count in range(len(words), 1, -1):
        found = tdp_table().get(" ".join(words[:count]))
        if found is not None:
            return found
    return None


def core_power(cpu_power_w: float | None, cpuinfo: Path = CPUINFO, cores: int | None = None) -> Constant:
    """Power [W] of one busy logical core.

    cpu_power_w: stated power of all sockets at full load [W], or None. cores: logical cores, None for the machine's.
    """
    cores = cores or os.cpu_count() or 1
    if cpu_power_w is not None:
        return Constant(cpu_power_w / cores, UNIT, f"{cpu_power_w:g} W stated for {_counted(cores)}")
    processor, sockets, virtual = _processor(cpuinfo)
    socket_w = tdp_w(processor)
    if socket_w is None:
        return Constant(ASSUMED_W, UNIT, f"assumed: CodeCarbon's table does not name {processor}")
    each_w = socket_w * sockets / cores
    if virtual and each_w > MOST_PLAUSIBLE_W:
        source = f"assumed: this virtual machine shows {_counted(cores)} of a {processor} of {socket_w:g} W"
        return Constant(ASSUMED_W, UNIT, source)
    several = f"{sockets} x " if sockets > 1 else ""
    source = f"TDP of {processor}: {several}{socket_w:g} W for {_counted(cores)}, CodeCarbon's table"
    return Constant(each_w, UNIT, source)


def _processor(cpuinfo: Path) -> tuple[str, int, bool]:
    """Name, number of sockets, and whether the machine is virtual."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine() or "this processor", 1, False
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    sockets = len(set(re.findall(r"^physical id\s*:\s*(\d+)", text, re.MULTILINE))) or 1
    virtual = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE) is not None
    return name[1].strip() if name else platform.machine() or "this processor", sockets, virtual


def _counted(cores: int) -> str:
    return f"{cores} logical core{'' if cores == 1 else 's'}"
