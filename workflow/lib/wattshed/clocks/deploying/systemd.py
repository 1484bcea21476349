"""A systemd unit that applies a setting at boot and takes it back when it is stopped."""

import re

from wattshed.clocks.deploying.nvidia_smi import commands
from wattshed.clocks.deploying.schema import Configuration

NVIDIA_SMI = "/usr/bin/nvidia-smi"


def unit_name(configuration: Configuration) -> str:
    """A template unit: its instance is the GPU's uuid, so that one file serves all GPUs of a node."""
    name = slug(configuration.gpu, configuration.workload, f"{configuration.setting}{configuration.unit}")
    return f"wattshed-{name}@.service"


def unit_text(configuration: Configuration) -> str:
    """The unit of one deployed configuration; ``%i`` is the GPU's uuid."""
    lines = commands(configuration.knob, configuration.setting, None)
    # A dollar sign and a per cent sign mean something else to systemd than to a shell: both are doubled.
    persistence, apply, reset = (
        line.replace("%", "%%").replace("$", "$$").replace("GPU_UUID", "%i").replace("nvidia-smi", NVIDIA_SMI)
        for line in (lines.persistence, lines.apply, lines.reset)
    )
    if "$$(" in reset:
        # systemd runs no shell of its own.
        reset = "/bin/sh -c '" + reset + "'"
    instance = configuration.gpu_uuid or "GPU_UUID"
    title = _one_line(f"{configuration.gpu}, {configuration.workload}").replace("%", "%%")
    return f"""# Install: copy to /etc/systemd/system, then
#   systemctl daemon-reload
#   systemctl enable --now {unit_name(configuration).replace("@", f"@{instance}")}
# The instance is the GPU's uuid, as `nvidia-smi -L` shows it.
[Unit]
Description=wattshed: {configuration.setting} {configuration.unit} on %i ({title})
After=nvidia-persistenced.service
Wants=nvidia-persistenced.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre={persistence}
ExecStart={apply}
ExecStop={reset}

[Install]
WantedBy=multi-user.target
"""


def slug(*names: str) -> str:
    """Lower-case letters, digits and dashes for a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")[:120] or "configuration"


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
