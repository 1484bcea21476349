"""One machine under several names, as containers have them, is one machine."""

import os
import subprocess
import sys

import pytest

from wattshed.accounts.runs.collect import collect

MEASURE = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0"]
# Processor time, not wall time: on a busy machine each job still uses as much.
BURN = "import time\nwhile time.process_time() < 1.5: pass"


@pytest.fixture(
    params=[["--uts"], ["--uts", "--pid", "--fork", "--mount-proc"]], ids=["name", "name and processes"]
)
def unshare(request):
    command = ["unshare", *request.param]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    if not allowed:
        pytest.skip("this user may not make namespaces")
    return command


def test_two_jobs_at_once_under_two_names_share_one_machine(unshare, tmp_path):
    jobs = []
    for name in ("one", "two"):
        words = [
            *MEASURE,
            "--ledger",
            str(tmp_path / f"{name}.jsonl"),
            "--",
            sys.executable,
            "-S",
            "-c",
            BURN,
        ]
        shell = 'hostname "$1"; shift; exec "$@"'
        jobs.append(
            subprocess.Popen(
                [*unshare, "sh", "-c", shell, "sh", f"container-{name}", *words],
                env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
                stderr=subprocess.PIPE,
            )
        )
    for job in jobs:
        _, said = job.communicate(timeout=120)
        assert job.returncode == 0, said
    runs = collect(tmp_path).runs.set_index("job")
    assert sorted(runs["host"]) == ["container-one", "container-two"]
    assert runs["boot_id"].nunique() == 1
    assert runs.loc["one", "overlaps"] == "two"
    assert runs["machine_attributed_kwh"].sum() < 0.75 * runs["machine_kwh"].sum()
    # Each job's own processor time does not depend on the other's, nor on the names.
    assert (runs["own_cpu_s"] > 0.4).all()
    assert (runs["own_cpu_s"] < 3.5).all()
