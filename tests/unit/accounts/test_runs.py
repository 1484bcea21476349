import pandas as pd
import pytest

from ledger_files import end, sensors, start, tick, window
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.accounts.runs.stages import stages_frame
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_parquet


def job(folder, name, *, stage="training", minute=0, host="test-host", kwh=1e-4, duration_s=30.0, **more):
    path = folder / stage / f"{name}.jsonl"
    ledger = Ledger(path, resumes=False)
    start(ledger, name, stage, {"model": "gru", "seed": 2}, minute=minute, host=host)
    window(ledger, "epoch", kwh / 2, labels={"epoch": 1}, values={"samples": 10}, **more)
    end(ledger, kwh, minute=minute, duration_s=duration_s, **more)
    return path


def killed(folder, name, energies, spans):
    ledger = Ledger(folder / f"{name}.jsonl", resumes=False)
    start(ledger, name, "training", {"model": "gru", "seed": 3}, minute=30)
    for kwh, (begin, finish) in zip(energies, spans, strict=True):
        window(ledger, "epoch", kwh, start_s=begin, end_s=finish)
    ledger.abandon()
    return ledger.part


def test_components_keep_energy_status_and_source(tmp_path):
    run = runs_frame([job(tmp_path, "a")]).iloc[0]
    assert run["cpu_kwh"] == pytest.approx(0.75e-4)
    assert run["ram_kwh"] == pytest.approx(0.25e-4)
    assert (run["cpu_status"], run["cpu_source"]) == ("estimated", "codecarbon cpu_load")
    assert run["energy_kwh"] == pytest.approx(1e-4)
    assert run["energy_status"] == "estimated"
    assert (run["model"], run["seed"], run["truncated"]) == ("gru", 2, False)


def test_a_missing_component_stays_null_through_parquet_and_is_never_zero(tmp_path):
    path = tmp_path / "runs.parquet"
    write_parquet(path, runs_frame([job(tmp_path, "a")]))
    run = pd.read_parquet(path).iloc[0]
    assert pd.isna(run["gpu_kwh"])
    assert run["gpu_status"] == "missing"


def test_a_job_without_any_sensor_has_no_energy_and_no_mass(tmp_path):
    ledger = Ledger(tmp_path / "a.jsonl", resumes=False)
    start(ledger, "a", "training", {})
    window(ledger, "epoch", None)
    end(ledger, None)
    run = runs_frame([tmp_path / "a.jsonl"]).iloc[0]
    assert pd.isna(run["energy_kwh"])
    assert pd.isna(run["attributed_kwh"])
    assert run["energy_status"] == "missing"
    assert windows_frame([tmp_path / "a.jsonl"])["energy_kwh"].isna().all()


def test_a_killed_job_counts_its_closed_windows_nested_ones_once(tmp_path):
    part = killed(tmp_path, "k", [4e-5, 1e-5, 2e-5], [(0, 10), (2, 4), (11, 13)])
    run = runs_frame([part]).iloc[0]
    assert run["truncated"]
    assert run["energy_kwh"] == pytest.approx(6e-5)
    assert run["duration_s"] == 13
    assert run["outcome"] == "killed"
    assert run["flags"] == "truncated"


def test_a_killed_jobs_last_tick_counts_and_what_closed_after_it(tmp_path):
    ledger = Ledger(tmp_path / "k.jsonl", resumes=False)
    start(ledger, "k", "training", {"model": "gru", "seed": 3})
    sensors(ledger)
    window(ledger, "epoch", 2e-5, start_s=0, end_s=4)
    tick(ledger, 5.0, 3e-5)
    window(ledger, "epoch", 2e-5, start_s=4, end_s=6)  # in part before the tick: only the tick is sure
    window(ledger, "epoch", 1e-5, start_s=6, end_s=8)
    ledger.abandon()
    run = runs_frame([ledger.part]).iloc[0]
    assert run["energy_kwh"] == pytest.approx(4e-5)
    assert run["duration_s"] == 8
    assert run["cpu_status"] == "estimated"
    assert pd.isna(run["gpu_kwh"])


def test_a_job_that_was_killed_before_its_sensors_started_is_a_row_without_energy(tmp_path):
    ledger = Ledger(tmp_path / "k.jsonl", resumes=False)
    start(ledger, "k", "training", {})
    ledger.abandon()
    run = runs_frame([ledger.part]).iloc[0]
    assert run["truncated"]
    assert pd.isna(run["energy_kwh"])
    assert run["energy_status"] == "missing"


def test_net_energy_is_above_idle_and_only_where_idle_is_known(tmp_path):
    ledger = Ledger(tmp_path / "a.jsonl", resumes=False)
    start(ledger, "a", "training", {})
    sensors(ledger, idle_w={"cpu": 3.6, "ram": 3.6})
    window(ledger, "epoch", 4e-5, end_s=10)
    end(ledger, 1e-4, duration_s=20)
    run = runs_frame([ledger.path]).iloc[0]
    assert run["net_kwh"] == pytest.approx(1e-4 - 2 * 20 * 3.6 / 3.6e6)
    assert run["idle_power_w"] == pytest.approx(7.2)
    assert run["idle_age_s"] == 3600
    assert windows_frame([ledger.path])["net_kwh"].iloc[0] == pytest.approx(4e-5 - 2e-5)
    assert pd.isna(runs_frame([job(tmp_path, "b")])["net_kwh"].iloc[0])


def test_a_clock_that_jumped_is_flagged(tmp_path):
    ledger = Ledger(tmp_path / "a.jsonl", resumes=False)
    start(ledger, "a", "training", {})
    end(ledger, 1e-4, jump_s=3600.0)
    assert runs_frame([ledger.path])["flags"].iloc[0] == "clock jump"


def test_a_resumed_job_keeps_the_killed_attempts_energy(tmp_path):
    part = killed(tmp_path, "k", [4e-5], [(0, 10)])
    ledger = Ledger(part.with_suffix(""), resumes=True)
    start(ledger, "k", "training", {"model": "gru", "seed": 3}, minute=40)
    window(ledger, "epoch", 1e-5)
    end(ledger, 3e-5, duration_s=5, minute=40)
    run = runs_frame([ledger.path]).iloc[0]
    assert (run["attempts"], run["truncated"]) == (2, False)
    assert run["energy_kwh"] == pytest.approx(7e-5)
    assert run["duration_s"] == 15
    assert windows_frame([ledger.path])["attempt"].tolist() == [1, 2]


def test_windows_have_labels_values_and_totals_over_repeats(tmp_path):
    row = windows_frame([job(tmp_path, "a")]).iloc[0]
    assert (row["window"], row["model"], row["seed"], row["epoch"]) == ("epoch", "gru", 2, 1)
    assert row["value_samples"] == 10
    assert row["energy_kwh"] == pytest.approx(0.5e-4)


def test_rows_do_not_depend_on_the_order_of_the_paths(tmp_path):
    paths = [job(tmp_path, name, minute=minute) for minute, name in enumerate("cab")]
    pd.testing.assert_frame_equal(runs_frame(paths), runs_frame(paths[::-1]))


def test_no_ledger_and_no_window_are_faults(tmp_path):
    with pytest.raises(Fault, match="no ledger was given"):
        runs_frame([])
    with pytest.raises(Fault, match="no closed window"):
        windows_frame([killed(tmp_path, "k", [], [])])


def test_jobs_at_the_same_time_on_one_host_are_named(tmp_path):
    paths = [
        job(tmp_path, "a", minute=0, duration_s=50),
        job(tmp_path, "b", minute=0, duration_s=10),
        job(tmp_path, "elsewhere", minute=0, host="other"),
        job(tmp_path, "later", minute=2),
    ]
    found = runs_frame(paths).set_index("job")["overlaps"]
    assert (found["a"], found["b"]) == ("b", "a")
    assert found[["elsewhere", "later"]].isna().all()


def test_an_overlap_is_shared_and_the_machine_is_counted_once(tmp_path):
    """Two jobs of a 3.6 kW machine: alone for 10 s, together for 20 s, alone for 10 s."""
    for name, minute, kwh in (("a", 0, 0.03), ("b", 0, 0.03)):
        ledger = Ledger(tmp_path / f"{name}.jsonl", resumes=False)
        start(ledger, name, "training", {})
        sensors(ledger, minute=minute)
        end(ledger, kwh, duration_s=30.0)
    lines = (tmp_path / "b.jsonl").read_text().replace("08:00:00.000", "08:00:10.000")
    (tmp_path / "b.jsonl").write_text(lines)
    runs = runs_frame([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert runs["energy_kwh"].sum() == pytest.approx(0.06)
    assert runs["attributed_kwh"].tolist() == pytest.approx([0.02, 0.02])
    assert runs["attributed_cpu_kwh"].tolist() == pytest.approx([0.015, 0.015])
    assert runs["flags"].tolist() == ["overlap", "overlap"]


def test_stages_add_up_and_a_partly_known_component_says_so(tmp_path):
    paths = [
        job(tmp_path, "a", minute=0),
        job(tmp_path, "b", minute=2, gpu=(5e-4, "measured")),
        job(tmp_path, "c", minute=4, stage="clocks"),
    ]
    runs = add_emissions(runs_frame(paths), CarbonBlock(), Location("ESP"))
    stages = stages_frame(runs).set_index("stage")
    assert list(stages.index) == ["training", "clocks", "total"]
    training = stages.loc["training"]
    assert (training["jobs"], training["gpu_jobs"]) == (2, 1)
    assert training["gpu_kwh"] == pytest.approx(5e-4)
    assert training["gpu_status"] == "measured in part"
    assert stages.loc["clocks", "gpu_status"] == "missing"
    assert pd.isna(stages.loc["clocks", "gpu_kwh"])
    assert stages.loc["total", "energy_kwh"] == pytest.approx(8e-4)
    assert stages.loc["total", "energy_status"] == "estimated"
    assert stages.loc["total", "co2e_kg"] == pytest.approx(0.17405 * 8e-4)


def test_stages_stand_in_the_order_of_the_vocabulary(tmp_path):
    names = [
        "command",
        "clocks",
        "comparison",
        "compression",
        "adaptation",
        "inference",
        "training",
        "another",
    ]
    paths = [job(tmp_path, stage, stage=stage, minute=2 * place) for place, stage in enumerate(names)]
    order = list(stages_frame(runs_frame(paths))["stage"])
    assert order == [*reversed(names[1:-1]), "command", "another", "total"]
