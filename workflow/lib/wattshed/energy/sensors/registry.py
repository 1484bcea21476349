"""The table of energy sensors: name -> module, each with a ``SENSOR`` (see :mod:`.provider`)."""

MODULES: dict[str, str] = {
    "rapl": "wattshed.energy.sensors.processor.rapl",
    "zeus": "wattshed.energy.sensors.zeus",
    "codecarbon": "wattshed.energy.sensors.codecarbon",
    "tdp": "wattshed.energy.sensors.processor.tdp",
    "amdsmi": "wattshed.energy.sensors.gpu.amdsmi",
    "nvml": "wattshed.energy.sensors.gpu.nvml",
    "simulated": "wattshed.energy.sensors.simulated",
}
