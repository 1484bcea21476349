"""The table of readers of recordings: name -> module."""

MODULES: dict[str, str] = {
    "table": "wattshed.clocks.recordings.table",
    "nvidia_smi": "wattshed.clocks.recordings.nvidia_smi",
    "dcgm": "wattshed.clocks.recordings.dcgm",
    "zeus_limits": "wattshed.clocks.recordings.zeus_limits",
    "zeus_profile": "wattshed.clocks.recordings.zeus_profile",
}
