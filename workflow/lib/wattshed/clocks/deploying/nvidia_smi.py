"""The commands of ``nvidia-smi`` that lock a setting, show it and take it back."""

import re

from wattshed.clocks.deploying.schema import Commands
from wattshed.foundation.faults import Fault

# To be replaced by a person where the recording does not name its GPU.
PLACEHOLDER = "GPU_UUID"
# NVML's names of GPUs: "GPU-" and hexadecimal digits in groups. Nothing in them needs quotes in a shell or a unit.
UUID = re.compile(r"GPU-[0-9a-fA-F]+(-[0-9a-fA-F]+)*")
LARGEST_SETTING = 10_000


def check_uuid(uuid: str) -> str:
    """The uuid itself; raises :class:`Fault` for anything that is not one, which a shell might run."""
    if not UUID.fullmatch(uuid):
        raise Fault(
            f"the GPU's uuid is {uuid!r}: expected one such as GPU-8f6a0c1e-…, as `nvidia-smi -L` shows it; "
            "correct the recording's column gpu_uuid."
        )
    return uuid


def commands(knob: str, setting: int, uuid: str | None) -> Commands:
    """Shell lines for one GPU; they need root.

    knob: ``clock`` [MHz] or ``power_limit`` [W]. ``-lgc`` locks the SM clock; it is undone by ``-rgc``, a reboot or,
    without persistence mode, the end of the last program on the GPU. ``-ac`` sets application clocks only, which the
    driver may exceed and newer GPUs refuse. A power limit goes back to the default that the GPU itself states.
    """
    if not 0 < setting <= LARGEST_SETTING:
        raise Fault(
            f"the setting is {setting}: expected a whole number from 1 to {LARGEST_SETTING}; choose again."
        )
    gpu = PLACEHOLDER if uuid is None else check_uuid(uuid)
    smi = f"nvidia-smi -i {gpu}"
    if knob == "clock":
        apply, asked, reset = f"{smi} -lgc {setting},{setting}", "clocks.sm,clocks.max.sm", f"{smi} -rgc"
    elif knob == "power_limit":
        apply, asked = f"{smi} -pl {setting}", "power.limit,power.default_limit"
        reset = f'{smi} -pl "$({smi} --query-gpu=power.default_limit --format=csv,noheader,nounits)"'
    else:
        raise Fault(f"the knob is {knob!r}: expected clock or power_limit; choose again.")
    return Commands(
        persistence=f"{smi} -pm 1",
        apply=apply,
        verify=f"{smi} --query-gpu={asked} --format=csv,noheader",
        reset=reset,
    )
