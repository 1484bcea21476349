"""The table of energy sensors: name -> module, each with a ``SENSOR`` (see :mod:`.provider`)."""

MODULES: dict[str, str] = {
    "rapl": "wattshed.energy.sensors.rapl",
    "zeus": "wattshed.energy.sensors.zeus",
    "codecarbon": "wattshed.energy.sensors.codecarbon",
    "tdp": "wattshed.energy.sensors.tdp",
    "amdsmi": "wattshed.energy.sensors.amdsmi",
    "nvml": "wattshed.energy.sensors.nvml",
    "simulated": "wattshed.energy.sensors.simulated",
}
