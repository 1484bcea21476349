"""Runs written as CodeCarbon's CSVs: its own tools read them, and reading them again loses nothing."""

import json

import pandas as pd
import pytest
from codecarbon.output_methods.emissions_data import EmissionsData
from codecarbon.output_methods.file import FileOutput

from codecarbon_files import row, write
from ledger_files import MACHINE, end, sensors, start, window
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.export.codecarbon import COLUMNS, write_codecarbon
from wattshed.accounts.export.doors import export_ledgers
from wattshed.accounts.runs.collect import collect
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault

GPUS = [
    {"index": n, "uuid": f"GPU-{n}", "name": "NVIDIA A100", "driver": "550", "power_limit_w": 400}
    for n in (0, 1)
]
# What the format has of a run.
KEPT = [
    *("model", "data_country", "season", "job", "duration_s", "energy_kwh", "cpu_kwh", "ram_kwh", "gpu_kwh"),
    *("cpu_power_w", "gpu_power_w", "cpu_model", "country_iso", "region", "facility_kwh", "co2e_kg"),
]


def ledger(path, *, minute=0, gpu=(None, "missing"), kwh=1e-4, gpus=(), **labels):
    made = Ledger(path, resumes=False)
    start(made, path.stem, "training", labels, minute=minute)
    sensors(made, minute=minute)
    window(made, "epoch", kwh and kwh / 2)
    end(made, kwh, minute=minute, gpu=gpu, duration_s=37.123456789)
    text = path.read_text().splitlines()
    first = json.loads(text[0])
    first["machine"] = MACHINE | {"gpus": list(gpus)}
    path.write_text("\n".join([json.dumps(first), *text[1:]]) + "\n")
    return path


def accounts(folder, pue=1.0):
    found = collect(folder)
    return add_emissions(found.runs, CarbonBlock(pue=pue), Location("ESP"))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "ledgers"
    root.mkdir()
    ledger(root / "a.jsonl", model="gru", data_country="DE", season="summer", kwh=1.23456789e-4)
    ledger(root / "b.jsonl", minute=2, model="gru", data_country="ES", gpu=(7.7e-5, "measured"), gpus=GPUS)
    ledger(root / "c.jsonl", minute=4)
    ledger(root / "d.jsonl", minute=6, kwh=None)
    return root


def test_the_columns_are_those_of_the_installed_codecarbon():
    assert len(COLUMNS) == 38
    assert list(COLUMNS) == list(EmissionsData.__dataclass_fields__)


@pytest.mark.parametrize("pue", [1.0, 1.3, 1.7])
def test_written_and_read_again_every_run_is_the_same(folder, tmp_path, pue):
    runs = accounts(folder, pue)
    files = write_codecarbon(runs, tmp_path / "out", pue=pue)
    assert len(files) == 4
    again = accounts(tmp_path / "out", pue).set_index("job").loc[runs["job"]].reset_index()
    for name in KEPT:
        left, right = runs[name], again[name]
        # A product and a quotient of it are rounded once each.
        exact = {"check_exact": True} if pue == 1 else {"rtol": 1e-15}
        pd.testing.assert_series_equal(left, right, check_dtype=False, **exact)
    assert again["stated_co2e_kg"].tolist()[:3] == pytest.approx(runs["co2e_kg"].tolist()[:3], rel=1e-12)


def test_whose_energy_it_is_and_a_killed_run_come_back_too(folder, tmp_path):
    runs = accounts(folder).assign(energy_scope="own", own_cpu_s=12.5, machine_kwh=1.0)
    runs.loc[0, "truncated"] = True
    write_codecarbon(runs, tmp_path / "out")
    again = accounts(tmp_path / "out").set_index("job").loc[runs["job"]].reset_index()
    assert again["truncated"].tolist() == [True, False, False, False]
    assert again["energy_scope"].tolist() == ["own"] * 4
    assert again["machine_kwh"].isna().all()
    assert again["own_cpu_s"].tolist() == pytest.approx([12.5] * 4)
    assert again["flags"].iloc[0].split(", ")[0] == "truncated"


def test_the_place_of_the_factor_is_exported_where_the_ledger_states_none(folder, tmp_path):
    for path in folder.glob("*.jsonl"):
        lines = path.read_text().splitlines()
        first = json.loads(lines[0])
        first["location"] = dict.fromkeys(first["location"])
        path.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    runs = accounts(folder)
    assert runs["country_iso"].isna().all()
    write_codecarbon(runs, tmp_path / "out")
    again = accounts(tmp_path / "out").set_index("job").loc[runs["job"]]
    assert again["country_iso"].tolist() == ["ESP"] * 4
    assert again["co2e_kg"].tolist() == pytest.approx(runs["co2e_kg"].tolist(), nan_ok=True)


def test_a_second_round_changes_nothing_at_all(folder, tmp_path):
    write_codecarbon(accounts(folder, 1.3), tmp_path / "one", pue=1.3)
    write_codecarbon(accounts(tmp_path / "one", 1.3), tmp_path / "two", pue=1.3)
    one = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.csv"))
    assert one == sorted(path.relative_to(tmp_path / "two") for path in (tmp_path / "two").rglob("*.csv"))
    for path in one:
        first, second = (pd.read_csv(tmp_path / name / path) for name in ("one", "two"))
        pd.testing.assert_frame_equal(first, second, check_dtype=False, rtol=1e-12)


def test_the_layout_names_model_country_and_season_and_says_unknown(folder, tmp_path):
    files = write_codecarbon(accounts(folder), tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "gru/DE/summer/a_emissions.csv",
        "gru/ES/unknown/b_emissions.csv",
        "unknown/unknown/unknown/c_emissions.csv",
        "unknown/unknown/unknown/d_emissions.csv",
    ]


def test_codecarbon_appends_to_such_a_file_instead_of_moving_it_away(folder, tmp_path):
    path = write_codecarbon(accounts(folder), tmp_path)[1]
    data = EmissionsData(**dict.fromkeys(COLUMNS, "") | {"run_id": "theirs", "energy_consumed": 1.0})
    FileOutput(path.name, str(path.parent)).out(data, None)
    frame = pd.read_csv(path)
    assert len(frame) == 2
    assert frame["run_id"].iloc[1] == "theirs"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_cells_mean_what_codecarbon_means(folder, tmp_path):
    cells = pd.read_csv(write_codecarbon(accounts(folder, 1.5), tmp_path, pue=1.5)[1]).iloc[0]
    kwh = 1.5 * (1e-4 + 7.7e-5)
    assert cells["energy_consumed"] == pytest.approx(kwh)
    assert cells["energy_consumed"] == pytest.approx(
        cells["cpu_energy"] + cells["ram_energy"] + cells["gpu_energy"]
    )
    assert cells["emissions"] == pytest.approx(kwh * 0.17405, rel=1e-3)
    assert cells["emissions_rate"] == pytest.approx(cells["emissions"] / 37.123456789)
    assert cells["gpu_power"] == pytest.approx(7.7e-5 * 3.6e6 / 37.123456789)
    assert (cells["gpu_count"], cells["gpu_model"]) == (2, "2 x NVIDIA A100")
    assert (cells["country_name"], cells["country_iso_code"], cells["pue"]) == ("Spain", "ESP", 1.5)
    assert cells["timestamp"].startswith("2026-01-05T08:02:")
    assert cells["codecarbon_version"].startswith("wattshed")
    assert cells["ram_total_size"] == 24.0


def test_an_unknown_place_gives_an_empty_mass_and_a_part_that_is_missing_a_zero(folder, tmp_path):
    found = collect(folder)
    runs = add_emissions(found.runs, CarbonBlock(), Location(None))
    cells = pd.read_csv(write_codecarbon(runs, tmp_path)[0]).iloc[0]
    assert pd.isna(cells["emissions"])
    assert cells["gpu_energy"] == 0


def test_runs_that_shared_a_machine_sum_to_the_machine(tmp_path):
    for name in "ab":
        ledger(tmp_path / "in" / f"{name}.jsonl", model="gru")
    runs = accounts(tmp_path / "in")
    files = write_codecarbon(runs, tmp_path / "out")
    total = sum(pd.read_csv(path)["energy_consumed"].sum() for path in files)
    assert total == pytest.approx(runs["attributed_kwh"].sum())
    assert total < runs["energy_kwh"].sum()


ODD = [
    "a/b",
    "a_b",
    "../up",
    "..",
    ".hidden",
    "CON: x",
    "é" * 300,
    "A",
    "a",
    "",
    "un known",
    "unknown",
    "-rf",
    "x\ny",
]


def test_any_name_becomes_a_safe_file_of_its_own(tmp_path):
    runs = pd.concat([accounts_of_one(tmp_path)] * len(ODD), ignore_index=True)
    for column in ("model", "job"):
        runs[column] = pd.array(ODD, dtype="string")
    runs["started_utc"] = [f"2026-01-05T08:{n:02d}:00+00:00" for n in range(len(ODD))]
    files = write_codecarbon(runs, tmp_path / "out")
    assert len({str(path).lower() for path in files}) == len(ODD)
    assert all(path.is_file() and path.resolve().is_relative_to(tmp_path / "out") for path in files)
    assert all(len(path.relative_to(tmp_path / "out").parts) == 4 for path in files)
    assert len(collect(tmp_path / "out").runs) == len(ODD)


def accounts_of_one(tmp_path):
    ledger(tmp_path / "one" / "j.jsonl", model="gru")
    return accounts(tmp_path / "one")


def test_two_runs_of_one_name_get_a_file_each_and_writing_again_replaces_them(tmp_path):
    for place in "ab":
        ledger(tmp_path / "in" / place / "j.jsonl", minute=10 * (place == "b"), model="gru")
    runs = accounts(tmp_path / "in")
    first = write_codecarbon(runs, tmp_path / "out")
    assert len(set(first)) == 2
    assert write_codecarbon(runs, tmp_path / "out") == first
    assert len(list((tmp_path / "out").rglob("*.csv"))) == 2


def test_what_was_written_into_the_same_folder_counts_once(folder):
    before = accounts(folder)
    write_codecarbon(before, folder / "emissions")
    found = collect(folder)
    assert found.runs["path"].tolist() == before["path"].tolist()
    assert sum("was written from" in sentence for sentence in found.problems) == 4


def test_foreign_runs_keep_their_identity_and_their_time(tmp_path):
    write(tmp_path / "in" / "DLinear" / "DE" / "summer" / "x_emissions.csv", row("r1", pue=1.2))
    runs = add_emissions(collect(tmp_path / "in").runs, CarbonBlock(), Location(None))
    (path,) = write_codecarbon(runs, tmp_path / "out")
    cells = pd.read_csv(path).iloc[0]
    assert (cells["run_id"], cells["timestamp"]) == ("r1", "2025-06-01T10:00:00")
    assert cells["energy_consumed"] == pytest.approx(0.4115 / 1.2)
    assert cells["gpu_model"] == "1 x NVIDIA GeForce RTX 4070 SUPER"
    assert collect(tmp_path / "out").runs["machine"].tolist() != []


def test_a_folder_that_cannot_be_written_is_one_sentence(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match="cannot be written"):
        write_codecarbon(accounts(folder), tmp_path / "file")


def test_a_ledger_is_exported_with_its_own_place(tmp_path):
    path = ledger(tmp_path / "j.jsonl", model="gru")
    written = export_ledgers([path], codecarbon=tmp_path / "out", prometheus=tmp_path / "j.prom")
    assert [entry.name for entry in written] == ["j_emissions.csv", "j.prom"]
    cells = pd.read_csv(written[0]).iloc[0]
    assert cells["emissions"] == pytest.approx(1e-4 * 0.17405, rel=1e-3)
    assert "wattshed_co2e_kilograms{" in written[1].read_text()
