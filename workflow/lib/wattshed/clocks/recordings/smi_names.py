"""Names of the fields of nvidia-smi, and what tells its logs from others."""

import re

POWERS = {"power.draw", "power.draw.instant", "power.draw.average"}
STAMP = re.compile(r"^\s*\"?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(\.\d+)?\"?\s*[,;\t]")
# An instant reading is preferred: power.draw is a mean of about the last second since Ampere.
ALIASES = {
    "time_s": ("timestamp",),
    "gpu_index": ("index",),
    "gpu_uuid": ("uuid", "gpu_uuid"),
    "gpu": ("name", "gpu_name"),
    "workload": (),
    "power_w": ("power.draw.instant", "power.draw", "power.draw.average"),
    "power_limit_w": ("enforced.power.limit", "power.limit"),
    "energy_counter_j": (),
    "temperature_c": ("temperature.gpu",),
    "gpu_busy_share": ("utilization.gpu",),
    "memory_busy_share": ("utilization.memory",),
    "sm_clock_mhz": ("clocks.sm", "clocks.current.sm", "clocks.gr", "clocks.current.graphics"),
    "memory_clock_mhz": ("clocks.mem", "clocks.current.memory"),
    "throttled": (),
}
PERCENT = {"gpu_busy_share": "percent", "memory_busy_share": "percent"}
# Seconds over which power.draw is averaged.
AVERAGED_S = 1.0
# Where a log has neither uuid nor index, these tell its GPUs apart.
IDENTITIES = ("pci.bus_id", "gpu_bus_id", "serial", "gpu_serial")
# Each of these columns tells of one reason, or holds the mask of all.
REASONS = tuple(
    f"clocks_{word}_reasons.{reason}"
    for word in ("event", "throttle")
    for reason in (
        *("active", "sw_power_cap", "hw_slowdown", "sw_thermal_slowdown"),
        *("hw_thermal_slowdown", "hw_power_brake_slowdown"),
    )
)
# Power cap, hardware slowdown, heat (software, hardware) and power brake in the mask of reasons.
HELD_DOWN = 0x04 | 0x08 | 0x20 | 0x40 | 0x80
# The query of a widespread set of profiling scripts; its logs have no header.
USUAL_HEADER = [
    *("timestamp", "index", "name", "power.draw", "power.limit", "temperature.gpu", "utilization.gpu"),
    *(
        "utilization.memory",
        "memory.total",
        "memory.free",
        "memory.used",
        "clocks.sm",
        "clocks.mem",
        "clocks.gr",
    ),
    *("clocks.applications.graphics", "clocks.applications.memory", "pstate"),
]
