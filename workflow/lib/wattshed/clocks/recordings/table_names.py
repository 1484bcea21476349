"""Names that tables of runs give to our columns."""

# Our column -> other names of it; case does not count.
ALIASES: dict[str, tuple[str, ...]] = {
    "gpu": ("gpu_name", "gpu_type", "gpu_model", "device"),
    "gpu_uuid": ("uuid", "gpu_id"),
    "gpu_index": ("gpu_idx", "device_index"),
    "workload": ("application", "app", "appname", "model", "benchmark", "task"),
    "knob": (),
    "setting": (),
    "clock_mhz": (
        *("freq_mhz", "frequency_mhz", "core_frequency", "sm_clock_mhz", "frequency", "coref"),
        *("freq", "clock", "gpu_clock", "core_clock", "graphics_clock", "sm_clock"),
    ),
    "power_limit_w": ("power_limit",),
    "applied": (
        *("applied_mhz", "applied_clock_mhz", "actual_mhz", "actual_clock_mhz", "actual_freq_mhz"),
        *("actual_frequency_mhz", "measured_mhz", "measured_clock_mhz", "sm_clock_mhz"),
    ),
    "repeat": ("rep", "repetition"),
    "order": ("run", "sequence"),
    "warm": (),
    "time_s": (
        "duration_s",
        "duration_seconds",
        "elapsed_s",
        "runtime_s",
        "time",
        "duration",
        "runtime",
        "elapsed",
    ),
    "energy_j": ("energy_joules", "energy", "total_energy_j"),
    "power_w": ("average_power_w", "mean_power_w", "avg_power_w", "average_power", "power", "avg_power"),
    "energy_by": (),
    "label": (),
    "throttled": (),
    "temperature_c": ("temperature",),
    "exit_code": ("returncode", "exit_status"),
    "status": ("state", "outcome"),
}
SETTINGS = ("setting", "clock_mhz", "power_limit_w")
