"""Energies of jobs and windows as flat columns; a missing part is null, never zero."""

from collections.abc import Mapping
from typing import Any

from wattshed.energy.ledger.attempts import NOT_RECORDED, Energy, sum_parts
from wattshed.energy.reading import worst_status


def energy_columns(energy: Energy, net: Mapping[str, float | None]) -> dict[str, Any]:
    """``energy_kwh, energy_status``, and kWh, status, source of CPU, RAM and all GPUs together; net beside gross.

    net: kWh per component, None or absent where not known. The sum is over what is known and None if nothing is:
    a missing sensor is never a zero. ``net_kwh`` is null unless every known component has a net value.
    """
    cpu, ram = energy.get("cpu", NOT_RECORDED), energy.get("ram", NOT_RECORDED)
    gpus = [name for name in energy if name.startswith("gpu")]
    gpu = sum_parts([energy[name] for name in gpus]) if gpus else NOT_RECORDED
    cpu_net, ram_net = net.get("cpu"), net.get("ram")
    gpu_net = net.get(gpus[0]) if len(gpus) == 1 else _sum_or_none([net.get(name) for name in gpus])
    known, nets = [], []
    for part, part_net in ((cpu, cpu_net), (ram, ram_net), (gpu, gpu_net)):
        if part["kwh"] is not None:
            known.append(part)
            nets.append(part_net)
    return {
        "energy_kwh": sum([part["kwh"] for part in known]) if known else None,
        "energy_status": worst_status(part["status"] for part in known),
        "cpu_kwh": cpu["kwh"],
        "cpu_status": cpu["status"],
        "cpu_source": cpu["source"],
        "cpu_net_kwh": cpu_net,
        "ram_kwh": ram["kwh"],
        "ram_status": ram["status"],
        "ram_source": ram["source"],
        "ram_net_kwh": ram_net,
        "gpu_kwh": gpu["kwh"],
        "gpu_status": gpu["status"],
        "gpu_source": gpu["source"],
        "gpu_net_kwh": gpu_net,
        "net_kwh": _sum_or_none(nets),
    }


def _sum_or_none(energies: list[float | None]) -> float | None:
    known = [kwh for kwh in energies if kwh is not None]
    return sum(known) if known and len(known) == len(energies) else None
