"""Energies of jobs and windows as flat columns; a missing part is null, never zero."""

from collections.abc import Mapping
from typing import Any

from wattshed.accounts.marks.scopes import MACHINE, OWN
from wattshed.energy.ledger.attempts import NOT_RECORDED, Energy, Part, sum_parts
from wattshed.energy.reading import worst_status


def energy_columns(machine: Energy, net: Mapping[str, float | None], own: Energy | None) -> dict[str, Any]:
    """``energy_kwh, energy_status`` and ``{cpu,ram,gpu}_{kwh,status,source}``: the job's own energy, or the machine's
    where the ledger does not know the own; ``energy_scope`` says which.

    Beside it the machine's: ``machine_kwh, machine_status, machine_{cpu,ram,gpu}_kwh``, and less its idle power
    ``net_kwh, {cpu,ram,gpu}_net_kwh``. All GPUs count together. net: kWh per component, None or absent where not known.
    A sum is over what is known and None if nothing is: a missing sensor is never a zero. ``net_kwh`` is null unless
    every known component has a net value.
    """
    whole = _machine_columns(machine, net)
    own_scope = own is not None
    cpu, ram, gpu = _parts(machine if own is None else own)
    known = [part for part in (cpu, ram, gpu) if part["kwh"] is not None]
    return {
        "energy_kwh": sum([part["kwh"] for part in known]) if known else None,
        "energy_status": worst_status(part["status"] for part in known),
        "energy_scope": OWN if own_scope else MACHINE,
        "cpu_kwh": cpu["kwh"],
        "cpu_status": cpu["status"],
        "cpu_source": cpu["source"],
        "ram_kwh": ram["kwh"],
        "ram_status": ram["status"],
        "ram_source": ram["source"],
        "gpu_kwh": gpu["kwh"],
        "gpu_status": gpu["status"],
        "gpu_source": gpu["source"],
        **whole,
    }


def _machine_columns(energy: Energy, net: Mapping[str, float | None]) -> dict[str, Any]:
    cpu, ram, gpu = _parts(energy)
    gpus = [name for name in energy if name.startswith("gpu")]
    cpu_net, ram_net = net.get("cpu"), net.get("ram")
    gpu_net = net.get(gpus[0]) if len(gpus) == 1 else _sum_or_none([net.get(name) for name in gpus])
    known, nets = [], []
    for part, part_net in ((cpu, cpu_net), (ram, ram_net), (gpu, gpu_net)):
        if part["kwh"] is not None:
            known.append(part)
            nets.append(part_net)
    return {
        "machine_kwh": sum([part["kwh"] for part in known]) if known else None,
        "machine_status": worst_status(part["status"] for part in known),
        "machine_cpu_kwh": cpu["kwh"],
        "machine_ram_kwh": ram["kwh"],
        "machine_gpu_kwh": gpu["kwh"],
        "cpu_net_kwh": cpu_net,
        "ram_net_kwh": ram_net,
        "gpu_net_kwh": gpu_net,
        "net_kwh": _sum_or_none(nets),
    }


def _parts(energy: Energy) -> tuple[Part, Part, Part]:
    """CPU, RAM and all GPUs together."""
    gpus = [name for name in energy if name.startswith("gpu")]
    gpu = sum_parts([energy[name] for name in gpus]) if gpus else NOT_RECORDED
    return energy.get("cpu", NOT_RECORDED), energy.get("ram", NOT_RECORDED), gpu


def _sum_or_none(energies: list[float | None]) -> float | None:
    known = [kwh for kwh in energies if kwh is not None]
    return sum(known) if known and len(known) == len(energies) else None
