"""``wattshed doctor``: which sensors work here, how to fix the others, the machine's place, and whether it is used
exclusively."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from rich.text import Text

from wattshed.clocks.backends.gpu.left_settings import survey_settings
from wattshed.commands.exclusivity import Finding, survey_exclusivity
from wattshed.commands.options.place import add_place, host_from
from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.allocation import find_allocation
from wattshed.devices.present_gpus import PresentGpu, present_gpus
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.host import PLACE, Host
from wattshed.energy.idle import kept_idle_power
from wattshed.energy.sensors.provider import SensorReport
from wattshed.energy.sensors.selection import survey
from wattshed.foundation.vocabulary import Status

EXAMPLES = """examples:
  wattshed doctor
  wattshed doctor --country DEU --json

exit code 0 if any energy can be measured or estimated here; 1 if none can."""
STYLES = {Status.MEASURED: "green", Status.ESTIMATED: "yellow", Status.MISSING: "red"}


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "doctor",
        help="show which sensors work here and what to do about the others",
        description="Check this machine: sensors, place, idle power, and whether other programs use it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    host = host_from(arguments)
    sensors = survey(MeteringBlock())
    surroundings = [
        _place(host),
        _idle(host),
        _gpus(present_gpus(), sensors),
        *_gpu_settings(),
        *survey_exclusivity(),
    ]
    if arguments.json:
        found = {
            "allocation": find_allocation().to_json(),
            "sensors": [asdict(report) for report in sensors],
            "surroundings": [asdict(finding) for finding in surroundings],
        }
        print(json.dumps(found, indent=2))
    else:
        _print(sensors, surroundings)
    return 0 if any(report.status != Status.MISSING for report in sensors) else 1


def _place(host: Host) -> Finding:
    intensity = yearly_intensity(Location(host.country_iso, host.region))
    if intensity.kg_per_kwh is None:
        remedy = f"give --country ISO, set {PLACE}, or energy.country_iso in the study"
        return Finding("place", False, f"{intensity.source}: no mass of CO2e is reported", remedy)
    return Finding(
        "place", True, f"{1000 * intensity.kg_per_kwh:.1f} g CO2e per kWh ({intensity.source})", None
    )


def _idle(host: Host) -> Finding:
    kept = kept_idle_power(host.idle_folder, MeteringBlock().idle_max_age_h * 3600)
    if kept is None:
        detail = (
            "none is kept for this host: the next measured job measures it first, which takes some seconds"
        )
        return Finding("idle power", True, detail, None)
    powers = ", ".join(f"{name} {watts:.3g} W" for name, watts in kept.power_w.items())
    return Finding("idle power", True, f"{powers}, {kept.age_s() / 3600:.1f} h old", None)


def _gpus(present: list[PresentGpu], sensors: list[SensorReport]) -> Finding:
    """GPUs that are there beside those that are read: a GPU that cannot be read is another thing than no GPU."""
    read = {report.component for report in sensors if report.component != "gpu" and _reads_gpu(report)}
    unread = {
        report.component
        for report in sensors
        if report.component.startswith("gpu") and report.component[-1].isdecimal()
    } - read
    if not present and not read and not unread:
        return Finding("GPUs", True, "none on this machine", None)
    on_bus = f"{len(present)} on the bus, " if present else ""
    if unread:
        names = ", ".join(sorted(unread))
        detail = f"{on_bus}{len(read)} read; {names} cannot be read: sums without them are lower bounds"
        return Finding("GPUs", False, detail, "see the sensors above")
    if not read:
        return Finding("GPUs", True, f"{on_bus}none for this job (see the sensors above)", None)
    return Finding("GPUs", True, f"{on_bus}{len(read)} read", None)


def _gpu_settings() -> list[Finding]:
    """Clocks and power limits that a sweep or somebody left on the GPUs; nothing where NVML lists none."""
    gpus, left = survey_settings()
    if not gpus:
        return []
    if not left:
        return [Finding("GPU clocks", True, "no lock and no changed power limit was found", None)]
    return [Finding("GPU clocks", False, part.found, part.remedy) for part in left]


def _reads_gpu(report: SensorReport) -> bool:
    return report.component.startswith("gpu") and report.status != Status.MISSING


def _print(sensors: list[SensorReport], surroundings: list[Finding]) -> None:
    console = open_console()
    table = plain_table("Sensors", "part", "provider", "status", "what was found, and what to do")
    # A provider that says the same of several components takes one row.
    rows: dict[tuple[str, Status, str, str | None], list[str]] = {}
    for report in sensors:
        key = report.provider, report.status, report.detail, report.remedy
        rows.setdefault(key, []).append(report.component)
    for (provider, status, detail, remedy), components in rows.items():
        colour = Text(status, style=STYLES[status])
        table.add_row(", ".join(components), provider, colour, _with_remedy(detail, remedy))
    console.print(table)
    table = plain_table("Surroundings", "", "fine", "what was found, and what to do")
    for finding in surroundings:
        fine = Text("yes", style="green") if finding.fine else Text("no", style="red")
        table.add_row(finding.subject, fine, _with_remedy(finding.detail, finding.remedy))
    console.print(table)


def _with_remedy(detail: str, remedy: str | None) -> Text:
    """Both below each other, so that a table fits into 80 columns."""
    return Text(detail) if remedy is None else Text(f"{detail}\nTo do: {remedy}")
