"""Ten injected faults: each must end in a typed status or one clear sentence, none in an unmarked number."""

# ruff: noqa: E402
# The fakes are the tests' own.
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/helpers"))

import pynvml

from fake_gpus import FakeGpu, FakeNvml
from wattshed.accounts.runs.runs import runs_frame
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy import metered_job as job_module
from wattshed.energy.carbon.electricity_maps import KEY, Unreachable, electricity_maps_series
from wattshed.energy.metered_job import metered_job
from wattshed.energy.sensors.gpu.nvml import NvmlSensor
from wattshed.energy.sensors.processor.rapl import RaplSensor

QUICK = MeteringBlock(idle_s=0.0, cpu_estimator="tdp", cpu_power_w=65.0)


def no_nvml(folder: Path) -> tuple[bool, str]:
    return _missing(NvmlSensor(FakeNvml(nvmlInit=pynvml.NVML_ERROR_LIBRARY_NOT_FOUND), {}), "gpu")


def mig(folder: Path) -> tuple[bool, str]:
    return _missing(NvmlSensor(FakeNvml(FakeGpu(mig=pynvml.NVML_DEVICE_MIG_ENABLE)), {}), "gpu0")


def no_rapl(folder: Path) -> tuple[bool, str]:
    return _missing(RaplSensor(folder / "no powercap"), "cpu")


def unreadable_rapl(folder: Path) -> tuple[bool, str]:
    zone = folder / "powercap/intel-rapl:0"
    # A folder instead of the counter, because root ignores permissions but cannot read a folder.
    (zone / "energy_uj").mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "max_energy_range_uj").write_text("262143328850\n")
    return _missing(RaplSensor(folder / "powercap"), "cpu")


def bad_country(folder: Path) -> tuple[bool, str]:
    return _refused(folder, "--country", "ZZZ")


def no_network(folder: Path) -> tuple[bool, str]:
    with mock.patch.dict(os.environ, {KEY: "key"}):
        try:
            electricity_maps_series("DE", [date(2024, 5, 1)], folder, "http://127.0.0.1:9")
        except Unreachable as reason:
            return True, f"Unreachable: {reason}; taken only if a fallback is named"
    return False, "a number without a source"


def missing_folder(folder: Path) -> tuple[bool, str]:
    path = folder / "not/yet/there/job.jsonl"
    with metered_job(path, stage="s", job="j", labels={}, metering=QUICK):
        pass
    return path.is_file(), "made, and the ledger is in it"


def read_only_folder(folder: Path) -> tuple[bool, str]:
    return _refused(folder, "--ledger", "/proc/read-only/job.jsonl")


def stale_lock(folder: Path) -> tuple[bool, str]:
    (folder / ".codecarbon.lock").write_text("")
    code = (
        "import sys; from pathlib import Path; from wattshed.config.energy.metering import MeteringBlock;"
        "from wattshed.energy.metered_job import metered_job; import time\n"
        "with metered_job(Path(sys.argv[1]), stage='s', job='j', labels={},"
        " metering=MeteringBlock(idle_s=0.0, cpu_estimator='codecarbon')):"
        " sum(i * i for i in range(3_000_000))"
    )
    path = folder / "job.jsonl"
    environment = {**os.environ, "TMPDIR": str(folder)}
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True, capture_output=True)
    end = json.loads(path.read_text().splitlines()[-1])
    parts = end["energy"].values()
    known = all(part["kwh"] or part["status"] == "missing" for part in parts)
    return known, "the energy is known: no lock is taken or heeded; doctor names it"


def clock_jump(folder: Path) -> tuple[bool, str]:
    path = folder / "job.jsonl"
    jumped = {"by": timedelta(0)}

    class JumpingClock(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.now(tz) + jumped["by"]

    with (
        mock.patch.object(job_module, "datetime", JumpingClock),
        metered_job(path, stage="s", job="j", labels={}, metering=QUICK),
    ):
        jumped["by"] = timedelta(hours=1)
    run = runs_frame([path]).iloc[0]
    fine = run["duration_s"] < 60 and "clock jump" in str(run["flags"])
    return fine, f"duration {run['duration_s']:.2f} s by the monotonic clock; flags: {run['flags']}"


FAULTS: dict[str, Callable[[Path], tuple[bool, str]]] = {
    "no NVML": no_nvml,
    "GPU in MIG mode": mig,
    "no RAPL": no_rapl,
    "unreadable RAPL": unreadable_rapl,
    "bad country": bad_country,
    "no network": no_network,
    "missing folder": missing_folder,
    "read-only folder": read_only_folder,
    "stale lock": stale_lock,
    "clock jump": clock_jump,
}


def inject_all() -> list[tuple[str, bool, str]]:
    """Name, whether it ended as it must, and the outcome."""
    found = []
    for name, inject in FAULTS.items():
        with tempfile.TemporaryDirectory() as folder:
            fine, what = inject(Path(folder))
        found.append((name, fine, what.replace(folder, "…")))
    return found


def _missing(sensor: NvmlSensor | RaplSensor, component: str) -> tuple[bool, str]:
    sensor.start()
    part = sensor.read()[component]
    sensor.stop()
    return part.kwh is None and part.status == "missing", f"missing: {part.source}"


def _refused(folder: Path, *words: str) -> tuple[bool, str]:
    command = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0", *words, "--", "true"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return answer.returncode == 2 and answer.stderr.startswith("error: "), answer.stderr.strip()
