"""The table of clock back ends: name -> module."""

MODULES: dict[str, str] = {
    "simulated": "wattshed.clocks.backends.simulated",
    "replay": "wattshed.clocks.backends.replay",
    "nvml": "wattshed.clocks.backends.nvml",
}
