"""What is sampled beside the energy."""

from __future__ import annotations

from typing import Any, Protocol

from wattshed.energy.sampling.cpu_samples import CpuSamples
from wattshed.energy.sampling.gpu_samples import GpuSamples


class Sampled(Protocol):
    """Quantities that are sampled beside the energy: clocks, powers, temperatures, utilisation, throttling."""

    def sample(self) -> dict[str, float]:
        """Values by name with their unit, such as ``gpu0_sm_clock_mhz``; what cannot be read is left out."""
        ...


def open_samplers(nvml: Any = None) -> list[Sampled]:
    """The sources of samples on this machine. nvml: NVML's bindings; None takes the installed ones."""
    return [CpuSamples(), GpuSamples(nvml)]
