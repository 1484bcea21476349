"""``wattshed accounts``, ``guard`` and ``doctor`` as a user meets them."""

import json

import pandas as pd
import pytest

from codecarbon_files import row, write
from ledger_files import end, sensors, start, window
from wattshed.commands.main import main
from wattshed.energy.ledger.writing import Ledger
from wattshed.statistics.levels import ALPHA


@pytest.fixture
def report(tmp_path):
    """A small emission report: three models, two countries, two seasons, three runs each; one stray CSV."""
    root = tmp_path / "emissions"
    rows = []
    for place, model in enumerate(("DLinear", "Informer", "Mamba")):
        for country in ("DE", "ES"):
            for season in ("summer", "winter"):
                for run in range(3):
                    kwh = 0.01 * 4**place * (1 + 0.1 * run)
                    name = f"{model}-{country}-{season}-{run}"
                    power = {"cpu_power": 30 + 0.1 * run + place, "gpu_power": 150}
                    parts = {"cpu_energy": 0.2 * kwh, "gpu_energy": 0.7 * kwh, "ram_energy": 0.1 * kwh}
                    write(
                        root / model / country / season / f"run{run}_emissions.csv",
                        row(
                            name, energy_consumed=kwh, emissions=0.38 * kwh, duration=600.0, **power, **parts
                        ),
                    )
                    rows.append({"run_id": name, "model": model, "mae": 9 - 2 * place + 0.1 * run, "r2": 0.5})
    (root / "notes.csv").write_text("a,b\n1,2\n")
    metrics = tmp_path / "errors.csv"
    pd.DataFrame(rows).to_csv(metrics, index=False)
    return root, metrics


def test_a_folder_of_foreign_csvs_becomes_tables_and_pictures(report, tmp_path, capsys):
    root, metrics = report
    out = tmp_path / "out"
    assert main(["accounts", str(root), "--metrics", str(metrics), "--unit", "pp", "--output", str(out)]) == 0
    said = capsys.readouterr().out
    assert "36 runs" in said
    assert "estimated" in said
    assert "1 CSV files are not from CodeCarbon" in said
    written = {path.name for path in out.iterdir()}
    assert {"runs.parquet", "runs.csv", "energy.pdf", "heatmap.png", "split.png", "fronts.pdf"} <= written
    assert {"leaders.tex", "fronts-energy-overall.tex", "fronts-carbon-overall.tex"} <= written
    assert len(pd.read_csv(out / "runs.csv")) == 36
    assert (out / "heatmap.png").read_bytes().startswith(b"\x89PNG")


def test_json_has_totals_with_n_and_intervals(report, capsys):
    assert main(["accounts", str(report[0]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["runs"], found["ignored_csv"], found["problems"]) == (36, 1, [])
    informer = next(total for total in found["totals"] if total["model"] == "Informer")
    assert informer["runs"] == 12
    assert informer["mean_low_kwh"] < informer["mean_kwh"] < informer["mean_high_kwh"]
    assert informer["co2e_kg"] == pytest.approx(informer["energy_kwh"] * 0.381, rel=0.01)


def job(folder, seed, *, factor=1.0, parameters=1000, epochs=12):
    ledger = Ledger(folder / f"gru-{seed}.jsonl", resumes=False)
    start(ledger, f"train_gru-{seed}", "training", {"model": "gru", "seed": seed}, minute=10 * seed)
    sensors(ledger, minute=10 * seed)
    for epoch in range(1, epochs + 1):
        kwh = factor * 1e-4 * (1 + 0.01 * ((7 * epoch + 3 * seed) % 5))
        values = {"parameters": parameters}
        span = {"start_s": epoch * 2.0, "end_s": epoch * 2.0 + 2}
        window(ledger, "epoch", kwh, labels={"epoch": epoch}, values=values, **span)
    end(ledger, factor * 1.3e-3, duration_s=30.0, minute=10 * seed)


@pytest.fixture
def baseline(tmp_path):
    for seed in (1, 2, 3):
        job(tmp_path / "before", seed)
    path = tmp_path / "base.json"
    assert main(["guard", str(tmp_path / "before"), "--baseline", str(path), "--update"]) == 0
    return path


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({}, 0, "has not risen"),
        ({"factor": 1.05}, 1, "has risen"),
        ({"parameters": 1001}, 1, "parameter count has risen: 1,001 after 1,000"),
        ({"factor": 0.9}, 0, "has not risen"),
        ({"epochs": 1}, 3, "cannot be judged"),
    ],
)
def test_the_guard_fails_where_something_has_risen(tmp_path, baseline, capsys, change, code, says):
    for seed in (1, 2, 3):
        job(tmp_path / "after", seed, **change)
    capsys.readouterr()
    assert main(["guard", str(tmp_path / "after"), "--baseline", str(baseline)]) == code
    assert says in capsys.readouterr().out
    assert main(["guard", str(tmp_path / "after"), "--baseline", str(baseline), "--json"]) == code
    assert json.loads(capsys.readouterr().out)["exit_code"] == code


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["accounts", "nowhere"], "is not a folder"),
        (["accounts", "."], "holds no run"),
        (["accounts", ".", "--pue", "0.5"], "--pue 0.5"),
        (["accounts", ".", "--metrics", "nothing.csv"], "cannot be read as CSV"),
        (["guard", "nowhere", "--baseline", "b.json"], "nowhere"),
        (["guard", ".", "--baseline", "no/where/b.json", "--update"], "is not a folder"),
        (["doctor", "--country", "Spain"], "'Spain' is not a country"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_defect_is_no_finding(tmp_path, monkeypatch, capsys):
    """Exit code 1 means that a value has risen, so a crash has a code of its own."""
    monkeypatch.setattr("wattshed.accounts.guard.verdicts.guard", lambda *args, **kwargs: 1 / 0)
    assert main(["guard", str(tmp_path), "--baseline", "b.json"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_doctor_tells_what_works_and_what_to_do(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("WATTSHED_IDLE_FOLDER", raising=False)
    assert main(["doctor", "--country", "DEU", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    providers = {report["provider"] for report in found["sensors"]}
    assert providers >= {"rapl", "codecarbon", "nvml"}
    assert all(r["remedy"] or r["status"] != "missing" for r in found["sensors"] if r["provider"] == "rapl")
    place = next(finding for finding in found["surroundings"] if finding["subject"] == "place")
    assert "DEU" in place["detail"]
    assert main(["doctor"]) == 0
    assert "codecarbon" in capsys.readouterr().out


def test_the_guards_help_prints_the_level_that_the_code_uses(capsys):
    with pytest.raises(SystemExit):
        main(["guard", "--help"])
    assert f"share of false alarms over all models (default: {ALPHA})" in " ".join(
        capsys.readouterr().out.split()
    )
