"""What ``wattshed accounts`` takes in and gives out beside tables: one file, JSON, other tools' formats."""

import json
import os

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from codecarbon_files import row, write
from ledger_files import end, sensors, start
from other_user import reachable_folder, without_privileges
from wattshed.commands.main import main
from wattshed.energy.ledger.writing import Ledger


@pytest.fixture
def folder(tmp_path):
    for place, model in enumerate(("DLinear", "Mamba")):
        for run in range(3):
            values = {"timestamp": f"2025-06-0{run + 1}T1{place}:00:00", "cpu_power": 30 + run + place}
            name = f"{model}-{run}"
            write(tmp_path / "in" / model / "DE" / "summer" / f"{name}_emissions.csv", row(name, **values))
    return tmp_path / "in"


def said(capsys, *words):
    assert main(["accounts", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_codecarbons_layout_and_prometheus_are_written_on_request(folder, tmp_path, capsys):
    out, prom = tmp_path / "cc", tmp_path / "w.prom"
    text = said(capsys, folder, "--codecarbon", out, "--prometheus", prom)
    assert "Wrote 6 of CodeCarbon's CSVs below" in text
    assert f"Wrote {prom}" in text
    assert len(list(out.glob("*/DE/summer/*_emissions.csv"))) == 6
    families = {family.name: family for family in text_string_to_metric_families(prom.read_text())}
    assert len(families["wattshed_duration_seconds"].samples) == 6
    before, after = (json.loads(said(capsys, place, "--json"))["totals"] for place in (folder, out))
    assert [total["model"] for total in after] == ["DLinear", "Mamba"]
    for one, other in zip(before, after, strict=True):
        for name in ("runs", "duration_s", "energy_kwh", "co2e_kg", "mean_kwh", "flagged"):
            assert other[name] == pytest.approx(one[name], rel=1e-9)
        # The folder's runs are all alike, which says nothing of chance.
        assert one["mean_low_kwh"] is None
        assert other["mean_low_kwh"] is None


def test_a_text_file_that_node_exporter_would_not_read_is_said(folder, tmp_path, capsys):
    assert "node_exporter reads files whose names end in .prom only" in said(
        capsys, folder, "--prometheus", tmp_path / "w.txt"
    )


def test_ranks_count_once_on_request_and_the_way_is_shown(tmp_path, capsys):
    write(tmp_path / "emissions.csv", *[row(f"rank-{number}") for number in range(8)])
    text = said(capsys, tmp_path)
    assert "8 runs: counted several times? (--ranks-once counts them once)" in text
    total = json.loads(said(capsys, tmp_path, "--ranks-once", "--json"))["totals"][0]
    assert (total["runs"], total["energy_kwh"]) == (1, pytest.approx(0.4115))


def test_one_file_is_an_account(folder, capsys):
    path = next(folder.rglob("*.csv"))
    assert json.loads(said(capsys, path, "--json"))["runs"] == 1


def test_errors_come_in_as_json(folder, tmp_path, capsys):
    errors = tmp_path / "errors.json"
    errors.write_text(json.dumps({"DLinear": {"mae": 5.0}, "Mamba": {"mae": 4.0}}))
    out = tmp_path / "out"
    said(capsys, folder, "--metrics", errors, "--output", out)
    assert (out / "leaders.tex").is_file()


def test_operations_come_in_as_json(folder, tmp_path, capsys):
    records = [{"run_id": f"DLinear-{run}", "operations": 1e15 * (1 + run)} for run in range(3)]
    records += [{"run_id": f"Mamba-{run}", "operations": 1e15 * (1 + run)} for run in range(3)]
    records += [{"run_id": "lost", "operations": 2e15}]
    operations = tmp_path / "flops.jsonl"
    operations.write_text("\n".join(map(json.dumps, records)))
    found = json.loads(said(capsys, folder, "--operations", operations, "--json"))
    assert [estimate["run_id"] for estimate in found["retro_estimates"]] == ["lost"]


def test_a_total_without_its_gpu_says_at_least(tmp_path, capsys):
    write(tmp_path / "emissions.csv", row("a", gpu_energy=0, energy_consumed=0.4))
    text = said(capsys, tmp_path)
    assert "at least 400" in text
    assert "estimated; GPU not metered" in " ".join(text.split())
    assert "1 runs: GPU not metered" in text
    total = json.loads(said(capsys, tmp_path, "--json"))["totals"][0]
    assert (total["lower_bound"], total["missing"]) == (True, "GPU not metered")


def test_a_whole_total_does_not(folder, capsys):
    assert "at least" not in said(capsys, folder)
    assert json.loads(said(capsys, folder, "--json"))["totals"][0]["missing"] is None


def test_gpu_hours_are_a_column_where_there_are_gpus(folder, tmp_path, capsys):
    assert "GPU-hours" in said(capsys, folder)
    made = Ledger(tmp_path / "led" / "j.jsonl", resumes=False)
    start(made, "j", "training", {"model": "gru"})
    sensors(made)
    end(made, 1e-4)
    assert "GPU-hours" not in said(capsys, tmp_path / "led")


def test_hardware_is_written_with_the_runs(folder, tmp_path, capsys):
    said(capsys, folder, "--output", tmp_path / "out")
    runs = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert set(runs["gpu_model"]) == {"1 x NVIDIA GeForce RTX 4070 SUPER"}
    assert {"cpu_tdp_w", "gpu_tdp_w", "cpu_hours", "gpu_hours"} <= set(runs)


def fails(capsys, *words):
    assert main(["accounts", *map(str, words)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "no-such-folder"
    for option in ("--output", "--codecarbon"):
        assert f"{option} {tmp_path / 'file'} is a file" in fails(capsys, nowhere, option, tmp_path / "file")
        assert "cannot be written" in fails(capsys, nowhere, option, tmp_path / "file" / "deeper")
    assert "is a folder" in fails(capsys, nowhere, "--prometheus", tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["file"]


@pytest.mark.parametrize("option", ["--output", "--codecarbon", "--prometheus"])
def test_a_closed_folder_is_one_sentence_and_nothing_is_left(capsys, option):
    with reachable_folder() as root:
        write(root / "in" / "emissions.csv", row("a"))
        # Modules are loaded first: that user may not be allowed to read them.
        said(capsys, root / "in", option, root / "open" / "x.prom")
        with without_privileges():
            (root / "closed").mkdir()
            (root / "closed").chmod(0o500)
            err = fails(capsys, root / "in", option, root / "closed" / "x.prom")
        assert "may not be written by this user" in err
        assert list((root / "closed").iterdir()) == []
        (root / "closed").chmod(0o700)


def test_a_full_disk_is_one_sentence(folder, tmp_path, capsys):
    import subprocess

    (tmp_path / "small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(tmp_path / "small")]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        err = fails(capsys, folder, "--codecarbon", tmp_path / "small" / "cc")
        assert "No space left on device" in err or "the disk is full" in err
        assert not list((tmp_path / "small").rglob("*.part"))
    finally:
        subprocess.run(["umount", str(tmp_path / "small")], check=True)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ([], "holds no run: expected ledgers (*.jsonl) or CodeCarbon's CSVs below it; it holds neither"),
        (["emissions.xlsx"], "emissions.xlsx is not read in this form: save it as CSV"),
        (["data.csv", "train.jsonl"], "it holds neither (2 files with such names are something else)"),
    ],
)
def test_a_folder_without_runs_says_what_was_found(tmp_path, capsys, made, says):
    for name in made:
        (tmp_path / name).write_text('{"a": 1}\n')
    assert says in fails(capsys, tmp_path)
