"""Prolog and epilog for SLURM: a job that asks for a named configuration gets it on its own GPUs, and only there."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Literal

from wattshed.clocks.deploying.schema import Configuration
from wattshed.clocks.deploying.systemd import slug

TABLE_HEAD = "# name\tuuid\tgpu\tknob\tsetting"


def table_text(configurations: Mapping[str, Configuration]) -> str:
    """The table that the prolog reads: one line per deployed configuration, tab-separated.

    A job asks for a configuration by its name: ``sbatch --comment=wattshed:NAME``. Several GPUs may have one of the
    same name; the GPU at hand decides: by its uuid, or where that is ``-``, by the column gpu, which must be a part of
    the name that nvidia-smi gives it, in any case of letters. The first line that fits counts.
    """
    deployed = [one for one in configurations.values() if one.deployed]
    names = job_names(deployed)
    rows = [
        "\t".join((name, one.gpu_uuid or "-", " ".join(one.gpu.split()), one.knob, str(one.setting)))
        for name, one in zip(names, deployed, strict=True)
    ]
    return "\n".join([TABLE_HEAD, *rows]) + "\n"


def job_name(configuration: Configuration) -> str:
    """What a job asks for: the workload, and the knob unless it is the clock."""
    knob = () if configuration.knob == "clock" else (configuration.knob,)
    return slug(configuration.workload, *knob)


def job_names(configurations: Sequence[Configuration]) -> list[str]:
    """The names of all; workloads that differ only in signs that a name cannot hold get a part of their digest."""
    workloads: dict[str, set[str]] = {}
    for one in configurations:
        workloads.setdefault(job_name(one), set()).add(one.workload)
    return [
        f"{name}-{hashlib.sha256(one.workload.encode()).hexdigest()[:8]}"
        if len(workloads[name]) > 1
        else name
        for one in configurations
        for name in [job_name(one)]
    ]


def script_text(name: Literal["prolog", "epilog"]) -> str:
    """The bash script of that name."""
    return files("wattshed.clocks.deploying").joinpath(f"slurm_{name}.sh").read_text(encoding="utf-8")
