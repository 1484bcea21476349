"""CodeCarbon's CSVs from its first version on, and what stands where a run's name is missing."""

import csv

import pandas as pd
import pytest

from codecarbon_files import COLUMNS, row, write
from wattshed.accounts.reading.identities import identity
from wattshed.accounts.runs.collect import collect

BEFORE_0_2 = (
    "timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country,region,on_cloud,cloud_provider,"
    "cloud_region"
)
FROM_0_2 = (
    "timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,country_iso_code,region,"
    "on_cloud,cloud_provider,cloud_region"
)
FROM_1_2 = (
    "timestamp,experiment_id,project_name,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,"
    "gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,on_cloud,cloud_provider,cloud_region"
)
FROM_2_0 = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,"
    "gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,cloud_provider,cloud_region,os,"
    "python_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,tracking_mode,on_cloud"
)
FROM_2_2 = FROM_2_0.replace("python_version,", "python_version,codecarbon_version,") + ",pue"
FROM_3_0 = FROM_2_2.replace("run_id,", "run_id,experiment_id,")
FROM_3_3 = (
    FROM_3_0.replace("energy_consumed,", "energy_consumed,water_consumed,").replace(
        "tracking_mode,",
        "tracking_mode,cpu_utilization_percent,gpu_utilization_percent,ram_utilization_percent,ram_used_gb,",
    )
    + ",wue"
)
ALL = [BEFORE_0_2, FROM_0_2, FROM_1_2, FROM_2_0, FROM_2_2, FROM_3_0, FROM_3_3]
# A row of CodeCarbon's own examples of 2020, which have no run_id.
EXAMPLE = (
    "2020-03-25T21:26:11,ed2a22f1-aa97-4fe2-a52c-a985817b7493,project_alpha,19,1,2,Canada,CAN,Ontario,N,,"
)


@pytest.mark.parametrize("columns", ALL, ids=["0.1", "0.2", "1.2", "2.0", "2.2", "3.0", "3.3"])
def test_each_version_gives_energy_duration_place_and_stated_mass(tmp_path, columns):
    values = {"country": "Germany", "experiment_id": "e1", "project_name": "p"}
    write(tmp_path / "emissions.csv", row("r1", **values), columns=columns.split(","))
    run = collect(tmp_path).runs.iloc[0]
    assert run["energy_kwh"] == pytest.approx(0.4115)
    assert run["duration_s"] == 3600
    assert run["country_iso"] == "DEU"
    assert run["stated_co2e_kg"] == pytest.approx(0.4115 * 0.38095)
    has_parts = "cpu_energy" in columns
    assert pd.notna(run["cpu_kwh"]) == has_parts
    assert run["energy_status"] == "estimated"


def test_the_columns_that_the_installed_codecarbon_writes_are_read(tmp_path):
    from codecarbon.output_methods.emissions_data import EmissionsData
    from codecarbon.output_methods.file import FileOutput

    cells = row("r1", duration=12.5)
    data = EmissionsData(**{name: cells.get(name, "") for name in EmissionsData.__dataclass_fields__})
    FileOutput("emissions.csv", str(tmp_path)).out(data, None)
    run = collect(tmp_path).runs.iloc[0]
    assert (run["run_id"], run["duration_s"]) == ("r1", 12.5)
    assert run["energy_kwh"] == pytest.approx(0.4115)


def test_rows_before_run_id_are_a_run_each_even_of_one_experiment(tmp_path):
    same = {"experiment_id": "5b0fa12a-3dd7-45bb-9766-cc326314d9f1", "project_name": "p"}
    rows = [row("", duration=s, energy_consumed=s / 100, **same) for s in (10.0, 20.0, 5.0)]
    write(tmp_path / "emissions.csv", *rows, columns=FROM_0_2.split(","))
    found = collect(tmp_path)
    assert found.runs["energy_kwh"].tolist() == [0.1, 0.2, 0.05]
    assert found.runs["run_id"].nunique() == 3
    assert found.problems == []


def test_codecarbons_own_example_of_2020_is_read(tmp_path):
    (tmp_path / "emissions.csv").write_text(f"{FROM_0_2}\n{EXAMPLE}\n{EXAMPLE.replace('19,1,2', '10,6,6')}\n")
    runs = collect(tmp_path).runs
    assert runs["energy_kwh"].tolist() == [2.0, 6.0]
    assert runs["country_iso"].tolist() == ["CAN", "CAN"]
    assert runs["cpu_status"].tolist() == ["missing", "missing"]


def test_an_old_file_that_a_newer_version_went_on_with_has_both_headers(tmp_path):
    old = write(tmp_path / "old", row("", experiment_id="e"), columns=FROM_0_2.split(","))
    new = write(tmp_path / "new", row("r2", duration=60.0), columns=FROM_3_3.split(","))
    (tmp_path / "emissions.csv").write_text(old.read_text() + new.read_text())
    runs = collect(tmp_path / "emissions.csv").runs
    assert sorted(runs["duration_s"]) == [60, 3600]


def test_other_tables_with_an_energy_are_not_codecarbons(tmp_path):
    write(tmp_path / "emissions.csv", row("a"))
    (tmp_path / "meter.csv").write_text("time,energy_consumed\n1,2\n")
    (tmp_path / "plants.csv").write_text("plant,energy_consumed,emissions\nx,1,2\n")
    found = collect(tmp_path)
    assert (len(found.runs), found.ignored) == (1, 2)


SENTINELS = ["", "None", "none", "nan", "NaN", "null", "NULL", "n/a", "N/A", "-", " ", "<NA>", "0", "unknown"]
ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("word", [*SENTINELS, ZERO])
def test_a_word_for_no_value_is_no_identity_and_its_rows_stay_apart(tmp_path, word):
    rows = [row(word, duration=s, cpu_energy=s / 100, energy_consumed=s / 100) for s in (10, 20, 30)]
    write(tmp_path / "emissions.csv", row("named"), *rows)
    found = collect(tmp_path)
    assert len(found.runs) == 4
    assert found.runs["duration_s"].sum() == 3600 + 60
    assert found.problems == [problem for problem in found.problems if "parts sum" in problem]


@pytest.mark.parametrize("word", SENTINELS)
def test_a_word_for_no_value_is_kept_as_no_label(tmp_path, word):
    write(tmp_path / "emissions.csv", row("a", project_name=word, experiment_id=word))
    assert collect(tmp_path).runs["labels"].tolist() == ['{"timestamp": "2025-06-01T10:00:00"}']


@pytest.mark.parametrize(
    "name", ["0a", "none-of-them", "run-0", "nan1", "5b0fa12a-3dd7-45bb-9766-cc326314d9f1"]
)
def test_names_that_only_resemble_such_words_are_identities(name):
    assert identity(name) == name


def test_equal_rows_of_two_folders_are_copies_if_their_durations_are_exact(tmp_path):
    exact = {"duration": 161.20380687713623}
    for folder in ("results", "results/backup"):
        write(tmp_path / folder / "emissions.csv", row("None", **exact), row("None", **exact))
    found = collect(tmp_path)
    assert len(found.runs) == 2
    assert sum("counted once" in sentence for sentence in found.problems) == 2


def test_a_copy_with_whole_seconds_is_known_by_its_name(tmp_path):
    write(tmp_path / "emissions.csv", row(""), row("", duration=60))
    for name in ("emissions (1).csv", "emissions.csv.bak", "emissions - Copy.csv", "emissions_backup.csv"):
        write(tmp_path / name, row(""), row("", duration=60))
    assert len(collect(tmp_path).runs) == 2


def test_a_file_of_many_runs_is_read_with_each_run_last(tmp_path):
    path = tmp_path / "emissions.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for step in (1, 2):
            for number in range(6000):
                kwh = {
                    "cpu_energy": 1e-3 * step,
                    "gpu_energy": 0,
                    "ram_energy": 0,
                    "energy_consumed": 1e-3 * step,
                }
                writer.writerow(row(f"r{number}", duration=float(step), **kwh))
        for number in range(6000):
            writer.writerow(row("", duration=number + 0.5, timestamp=f"2025-06-01T{number:06d}"))
    runs = collect(tmp_path).runs
    assert len(runs) == 12000
    named = runs[runs["run_id"].str.startswith("r")]
    assert named["cpu_kwh"].tolist() == [2e-3] * 6000
