"""Prolog and epilog for SLURM: a job that asks for a named configuration gets it on its own GPUs, and only there."""

from collections.abc import Mapping
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
    rows = [
        "\t".join((job_name(one), one.gpu_uuid or "-", " ".join(one.gpu.split()), one.knob, str(one.setting)))
        for one in configurations.values()
        if one.deployed
    ]
    return "\n".join([TABLE_HEAD, *rows]) + "\n"


def job_name(configuration: Configuration) -> str:
    """What a job asks for: the workload, and the knob unless it is the clock."""
    knob = () if configuration.knob == "clock" else (configuration.knob,)
    return slug(configuration.workload, *knob)


def script_text(name: Literal["prolog", "epilog"]) -> str:
    """The bash script of that name."""
    return files("wattshed.clocks.deploying").joinpath(f"slurm_{name}.sh").read_text(encoding="utf-8")
