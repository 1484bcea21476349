"""Names of the columns that a recording may have, and the units in which their numbers may be written."""

# Quantity of every column with a unit. Columns of runs and of samples (power logs) share their names.
QUANTITIES: dict[str, str] = {
    "time_s": "time",
    "clock_mhz": "clock",
    "sm_clock_mhz": "clock",
    "memory_clock_mhz": "clock",
    "applied": "clock",
    "setting": "clock",
    "power_w": "power",
    "power_limit_w": "power",
    "energy_j": "energy",
    "energy_counter_j": "energy",
    "temperature_c": "temperature",
    "gpu_busy_share": "share",
    "memory_busy_share": "share",
    "sm_active_share": "share",
    "sm_occupancy_share": "share",
    "tensor_share": "share",
    "dram_share": "share",
}
# Number of our units in one of these.
UNITS: dict[str, dict[str, float]] = {
    "time": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0},
    "clock": {"MHz": 1.0, "Hz": 1e-6, "kHz": 1e-3, "GHz": 1e3},
    "power": {"W": 1.0, "mW": 1e-3, "kW": 1e3},
    "energy": {
        "J": 1.0,
        "mJ": 1e-3,
        "uJ": 1e-6,
        "kJ": 1e3,
        "MJ": 1e6,
        "mWh": 3.6,
        "Wh": 3600.0,
        "kWh": 3.6e6,
    },
    "temperature": {"C": 1.0},
    "share": {"share": 1.0, "percent": 0.01},
}
# Other words for them, in lower case.
SPELLINGS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("µs", "μs", "usec", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("nsec", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("megahertz",), "MHz"),
    **dict.fromkeys(("gigahertz",), "GHz"),
    **dict.fromkeys(("watt", "watts"), "W"),
    **dict.fromkeys(("milliwatt", "milliwatts"), "mW"),
    **dict.fromkeys(("kilowatt", "kilowatts"), "kW"),
    **dict.fromkeys(("joule", "joules"), "J"),
    **dict.fromkeys(("millijoule", "millijoules"), "mJ"),
    **dict.fromkeys(("µj", "μj", "microjoule", "microjoules"), "uJ"),
    **dict.fromkeys(("kilojoule", "kilojoules"), "kJ"),
    **dict.fromkeys(("°c", "degc", "celsius"), "C"),
    **dict.fromkeys(("%", "pct"), "percent"),
}


# At the end of a column's name these may mean something else: power_min is a minimum.
AMBIGUOUS_ENDINGS = (None, "min", "h", "share", "percent")


def unit_of(word: str, quantity: str) -> str | None:
    """The unit that a word means, in any case; None if it is none of the quantity's.

    MW is not taken for mW: only lower case is read as the smaller of two units that differ in it.
    """
    known = UNITS[quantity]
    if word in known:
        return word
    lower = word.lower()
    if (named := SPELLINGS.get(lower)) in known:
        return named
    alike = [unit for unit in known if unit.lower() == lower]
    if word[:1] == "M" and alike and alike[0][:1] == "m" and lower not in ("ms", "min"):
        return None
    return alike[0] if alike else None


LABELS = ("gpu", "gpu_uuid", "workload")
RUNS = (
    *LABELS,
    *(
        "gpu_index",
        "knob",
        "setting",
        "clock_mhz",
        "power_limit_w",
        "applied",
        "repeat",
        "order",
        "warm",
        "time_s",
    ),
    *("energy_j", "power_w", "energy_by", "label", "throttled", "temperature_c", "exit_code", "status"),
)
SAMPLES = (
    "time_s",
    *LABELS[:2],
    "gpu_index",
    "workload",
    *("power_w", "energy_counter_j", "temperature_c", "sm_clock_mhz", "memory_clock_mhz", "power_limit_w"),
    *("gpu_busy_share", "memory_busy_share", "sm_active_share", "sm_occupancy_share", "tensor_share"),
    *("dram_share", "throttled"),
)
NAMES = tuple(dict.fromkeys((*RUNS, *SAMPLES)))
