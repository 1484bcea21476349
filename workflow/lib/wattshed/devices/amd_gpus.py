"""AMD's GPUs through AMD SMI: the one place that opens its library, and which of them this job may use."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattshed.devices.absence import Absence
from wattshed.devices.present_gpus import AMD, count_present, present_gpus
from wattshed.devices.surroundings import container
from wattshed.foundation.faults import one_line

ROCR, HIP, CUDA = "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"
INSTALL = "pip install 'wattshed[amd]'"
LIBRARY = (
    "install ROCm's amd-smi-lib, and the version of amdsmi that fits it (`pip install amdsmi==VERSION`, as "
    "`cat /opt/rocm/.info/version` tells)"
)
DEVICES = (
    "start the container with `--device /dev/kfd --device /dev/dri --group-add video --group-add render`"
)
# Codes of AMD SMI's library, whose names the installed bindings may lack.
NO_PERMISSION, NOT_INITIALISED, DRIVER_NOT_LOADED = 10, 32, 34


@dataclass(frozen=True)
class AmdGpu:
    """index: AMD SMI's, which no environment variable changes. bus_id: its PCI address, empty if unknown."""

    index: int
    handle: Any
    uuid: str
    name: str
    bus_id: str

    @property
    def card(self) -> str:
        """The address without the function: partitions of one card share it."""
        return self.bus_id.rpartition(".")[0]


def open_amdsmi(library: Any = None) -> tuple[Any, Absence | None]:
    """AMD SMI's bindings, initialised; or None and the reason why they cannot be opened. Never raises, never prints.

    They stay open until the process ends: closing them would take the handles of every other user in this process.
    library: bindings to take instead of the installed ones.
    """
    # Without its driver, the import prints complaints to the standard output, which belongs to the measured command.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            library = library or importlib.import_module("amdsmi")
        except ModuleNotFoundError as error:
            return None, Absence(f"amdsmi: {error}", INSTALL, _numbers())
        except (Exception, SystemExit) as error:  # KeyError, OSError or AttributeError, by its version
            reason = f"amdsmi: its library cannot be loaded ({type(error).__name__}: {one_line(error)})"
            return None, Absence(reason, LIBRARY, _numbers())
        try:
            library.amdsmi_init()
        except Exception as error:
            return None, Absence(f"amdsmi: {one_line(error)}", _remedy(error), _numbers())
    return library, None


def visible_amd_gpus(
    library: Any, environment: Mapping[str, str]
) -> tuple[list[AmdGpu], list[AmdGpu], Absence | None, Any]:
    """The GPUs that this job may use, all GPUs, the reason if it may use none, and AMD SMI's bindings or None.

    ``ROCR_VISIBLE_DEVICES`` (numbers or UUIDs) hides GPUs first; ``HIP_VISIBLE_DEVICES``, or else
    ``CUDA_VISIBLE_DEVICES``, selects by number among the rest. Each list ends at its first entry that names no GPU.
    """
    opened, absence = open_amdsmi(library)
    if absence is not None:
        return [], [], absence, None
    try:
        gpus = _own_cards(
            [_gpu(opened, place, h) for place, h in enumerate(opened.amdsmi_get_processor_handles())]
        )
    except Exception as error:
        return [], [], Absence(f"amdsmi: {one_line(error)}", _remedy(error), _numbers()), None
    if not gpus:
        reason = "amdsmi: its driver lists no GPU" if count_present(AMD) else "amdsmi: no AMD GPU"
        return [], [], Absence(reason, _remedy(None) if count_present(AMD) else None, _numbers()), opened
    chosen = _in_hip_order(opened, gpus)
    for name, empty_hides in ((ROCR, True), (HIP if environment.get(HIP, "").strip() else CUDA, False)):
        wanted = environment.get(name)
        if wanted is None or not (wanted.strip() or empty_hides):
            continue
        chosen = _named(wanted, chosen)
        if not chosen:
            return [], gpus, Absence(f"amdsmi: {name}={wanted} hides every GPU", f"correct {name}"), opened
    return chosen, gpus, None, opened


def describe_amd_gpus() -> list[dict[str, Any]]:
    """Index, uuid and name of every AMD GPU in the form of NVIDIA's; empty, and nothing is loaded, without one.

    ``index`` is what follows ``gpu`` in the name of its component.
    """
    if not count_present(AMD):
        return []
    _, gpus, _, _ = visible_amd_gpus(None, {})
    return [
        {
            "index": f"_amd{gpu.index}",
            "uuid": gpu.uuid,
            "name": gpu.name,
            "driver": None,
            "power_limit_w": None,
        }
        for gpu in gpus
    ]


def may_use_amd(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the machine has an AMD GPU that is not hidden from this job. Loads nothing."""
    hidden = environment.get(ROCR, "all").strip() in ("", "-1")
    return not hidden and count_present(AMD) > 0


def _numbers() -> tuple[int, ...]:
    return tuple(range(count_present(AMD)))


def _remedy(error: Exception | None) -> str:
    code = getattr(error, "err_code", None)
    if container():
        return DEVICES
    if code == NO_PERMISSION:
        return "run `sudo usermod -a -G render,video $USER` and log in again"
    if code in (DRIVER_NOT_LOADED, NOT_INITIALISED, None):
        return "run `sudo modprobe amdgpu`, or install ROCm's driver (amdgpu-dkms)"
    return LIBRARY


def _gpu(library: Any, index: int, handle: Any) -> AmdGpu:
    def ask(call: str) -> Any:
        try:
            return getattr(library, call)(handle)
        except Exception:  # a value that this card or version lacks
            return ""

    described = ask("amdsmi_get_gpu_asic_info")
    name = described.get("market_name", "") if isinstance(described, dict) else ""
    uuid, bus_id = ask("amdsmi_get_gpu_device_uuid"), ask("amdsmi_get_gpu_device_bdf")
    return AmdGpu(index, handle, str(uuid), str(name), str(bus_id).lower())


def _own_cards(gpus: list[AmdGpu]) -> list[AmdGpu]:
    """Without the graphics inside a processor, whose energy is the processor's."""
    buses = {gpu.bus_id.rpartition(".")[0] for gpu in present_gpus() if gpu.maker == AMD}
    return [gpu for gpu in gpus if not buses or not gpu.card or gpu.card in buses]


def _in_hip_order(library: Any, gpus: list[AmdGpu]) -> list[AmdGpu]:
    """HIP may number GPUs in another order than AMD SMI; newer libraries tell its numbers."""
    try:
        numbers = {gpu.index: library.amdsmi_get_gpu_enumeration_info(gpu.handle)["hip_id"] for gpu in gpus}
    except Exception:
        return gpus
    told = all(isinstance(number, int) for number in numbers.values())
    return sorted(gpus, key=lambda gpu: numbers[gpu.index]) if told else gpus


def _named(wanted: str, gpus: list[AmdGpu]) -> list[AmdGpu]:
    named: list[AmdGpu] = []
    for word in (word.strip() for word in wanted.split(",")):
        if word.isdecimal():
            found = gpus[int(word) : int(word) + 1]
        else:
            found = [
                gpu for gpu in gpus if word.startswith("GPU-") and _plain(gpu.uuid).startswith(_plain(word))
            ]
        if len(found) != 1:
            break
        named += [gpu for gpu in found if gpu not in named]
    return named


def _plain(uuid: str) -> str:
    return uuid.removeprefix("GPU-").replace("-", "").lower()
