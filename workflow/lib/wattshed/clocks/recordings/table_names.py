"""Names that tables of runs give to our columns."""

# Our column -> other names of it; case does not count.
ALIASES: dict[str, tuple[str, ...]] = {
    "gpu": ("gpu_name", "gpu_type", "gpu_model", "device"),
    "gpu_uuid": ("uuid",),
    "workload": ("application", "app", "appname", "model", "benchmark", "task"),
    "knob": (),
    "setting": (),
    "clock_mhz": ("freq_mhz", "frequency_mhz", "core_frequency", "sm_clock_mhz", "frequency", "coref"),
    "power_limit_w": ("power_limit",),
    "applied": (),
    "repeat": ("rep", "repetition"),
    "order": ("run", "sequence"),
    "warm": (),
    "time_s": ("duration_s", "duration_seconds", "elapsed_s", "runtime_s", "time"),
    "energy_j": ("energy_joules", "energy"),
    "power_w": ("average_power_w", "mean_power_w", "average_power", "power"),
    "energy_by": (),
    "label": (),
    "throttled": (),
    "temperature_c": ("temperature",),
}
SETTINGS = ("setting", "clock_mhz", "power_limit_w")
