"""Models, power and hours of hardware as columns; totals that lack a part."""

import json

import pandas as pd
import pytest

from codecarbon_files import row, write
from ledger_files import MACHINE, end, sensors, start
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.marks.lower_bounds import lower_bound, missing_parts, what_is_missing
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.hardware import add_hardware
from wattshed.commands.printing.accounts_output import totals_frame
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger

A100 = {"name": "NVIDIA A100", "power_limit_w": 400.0}


def ledger(folder, job="j", *, gpus=(), kwh=1e-4, gpu=(None, "missing"), ended=True, minute=0, **machine):
    made = Ledger(folder / f"{job}.jsonl", resumes=False)
    start(made, job, "training", {"model": "gru"}, minute=minute)
    sensors(made, minute=minute)
    if ended:
        end(made, kwh, gpu=gpu, minute=minute, duration_s=1800.0)
    else:
        made.abandon()
    path = folder / f"{job}.jsonl" if ended else made.part
    lines = path.read_text().splitlines()
    first = json.loads(lines[0])
    first["machine"] = MACHINE | {
        "gpus": [{"index": n, "uuid": f"GPU-{job}-{n}", **gpu} for n, gpu in enumerate(gpus)]
    }
    first["machine"] |= machine
    path.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    return path


def hardware(folder):
    return add_hardware(collect(folder).runs).iloc[0]


def test_a_ledgers_gpus_give_model_count_power_limit_and_hours(tmp_path):
    ledger(tmp_path, gpus=[A100, A100], processor="AMD EPYC 7763 64-Core Processor")
    run = hardware(tmp_path)
    assert (run["gpu_model"], run["gpu_count"], run["gpu_tdp_w"]) == ("2 x NVIDIA A100", 2, 800)
    assert run["cpu_tdp_w"] == 280
    assert run["gpu_hours"] == 1.0
    assert pd.isna(run["cpu_hours"])


def test_a_machine_without_a_gpu_has_no_gpu_hours_and_an_unknown_limit_stays_unknown(tmp_path):
    ledger(tmp_path / "none")
    ledger(tmp_path / "some", gpus=[A100, {"name": "Tesla K80", "power_limit_w": None}])
    none, some = hardware(tmp_path / "none"), hardware(tmp_path / "some")
    assert (none["gpu_count"], none["gpu_hours"]) == (0, 0.0)
    assert pd.isna(none["gpu_model"])
    assert some["gpu_model"] == "1 x NVIDIA A100, 1 x Tesla K80"
    assert pd.isna(some["gpu_tdp_w"])


def test_processor_hours_come_from_the_jobs_own_seconds(tmp_path):
    ledger(tmp_path)
    runs = collect(tmp_path).runs.assign(own_cpu_s=7200.0)
    assert add_hardware(runs)["cpu_hours"].tolist() == [2.0]


def test_a_foreign_run_has_the_hardware_that_its_csv_states(tmp_path):
    write(tmp_path / "new" / "a.csv", row("a", gpu_count=2, gpu_model="2 x NVIDIA A100"))
    old = [name for name in row("a") if not name.startswith(("gpu", "cpu"))]
    write(tmp_path / "old" / "a.csv", row("a"), columns=old)
    new, old = hardware(tmp_path / "new"), hardware(tmp_path / "old")
    assert (new["gpu_model"], new["gpu_count"], new["gpu_hours"]) == ("2 x NVIDIA A100", 2, 2.0)
    assert new["cpu_tdp_w"] == 65
    assert old[["gpu_model", "gpu_count", "gpu_hours", "cpu_tdp_w"]].isna().all()


def totals(folder):
    runs = add_emissions(collect(folder).runs, CarbonBlock(), Location("ESP"))
    return totals_frame(runs)


def test_a_gpu_that_is_there_and_not_metered_makes_every_total_a_lower_bound(tmp_path):
    ledger(tmp_path, "whole", gpus=[A100], gpu=(1e-4, "measured"))
    ledger(tmp_path, "part", gpus=[A100], minute=60)
    total = totals(tmp_path).iloc[0]
    assert total["lower_bound"]
    assert total["missing"] == "GPU not metered"
    runs = collect(tmp_path).runs
    assert dict(zip(runs["job"], lower_bound(runs), strict=True)) == {"whole": False, "part": True}


@pytest.mark.parametrize(
    ("machine", "bound"), [({}, False), ({"gpu_present": True}, True), ({"gpu_present": False}, False)]
)
def test_no_gpu_and_an_unreadable_gpu_are_two_things(tmp_path, machine, bound):
    ledger(tmp_path, **machine)
    assert lower_bound(collect(tmp_path).runs).tolist() == [bound]


def test_a_gpu_in_mig_mode_is_known_by_its_reason(tmp_path):
    path = ledger(tmp_path)
    path.write_text(path.read_text().replace('"source": "nvml"', '"source": "nvml: GPU 0 is in MIG mode"'))
    assert what_is_missing(collect(tmp_path).runs) == "GPU not metered"


def test_a_killed_job_and_a_processor_without_energy_are_lower_bounds(tmp_path):
    path = ledger(tmp_path, "cpu", gpus=[A100], gpu=(1e-4, "measured"))
    lines = path.read_text().splitlines()
    last = json.loads(lines[-1])
    last["energy"]["cpu"] = {"kwh": None, "status": "missing", "source": "no sensor"}
    path.write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n")
    ledger(tmp_path, "killed", ended=False, minute=60)
    found = missing_parts(collect(tmp_path).runs.set_index("job"))
    assert found.loc["cpu"].to_dict()["CPU not metered"]
    assert found.loc["killed"].to_dict()["killed"]
    assert what_is_missing(collect(tmp_path).runs) == "CPU not metered, killed"


def test_codecarbons_gpu_at_zero_is_not_metered_and_a_sum_without_parts_is_whole(tmp_path):
    write(
        tmp_path / "a.csv",
        row("zero", gpu_energy=0),
        row("without", gpu_energy=0, gpu_count="", gpu_model=""),
    )
    parts = dict.fromkeys(("cpu_energy", "ram_energy", "gpu_energy"), "")
    write(tmp_path / "b.csv", row("sum", **parts))
    runs = collect(tmp_path).runs
    assert lower_bound(runs).tolist() == [True, False, False]


def test_gpus_of_other_ranks_make_a_run_a_lower_bound(tmp_path):
    ledger(tmp_path)
    runs = collect(tmp_path).runs
    assert lower_bound(runs).tolist() == [False]
    assert lower_bound(runs.assign(labels='{"gpus_not_metered": "CUDA_VISIBLE_DEVICES is 0"}')).tolist() == [
        True
    ]
