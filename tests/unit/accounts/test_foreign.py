"""Other people's CodeCarbon CSVs: rows like those of the emission report, and every way to be wrong."""

import pandas as pd
import pytest

from codecarbon_files import COLUMNS, row, write
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.runs.collect import collect
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
from wattshed.foundation.faults import Fault


def laid_out(root, model="DLinear", country="DE", season="summer", run="base"):
    return root / model / country / season / f"{run}_emissions.csv"


def test_the_layout_gives_model_country_season_and_run(tmp_path):
    write(laid_out(tmp_path), row("a"))
    run = collect(tmp_path).runs.iloc[0]
    assert (run["model"], run["data_country"], run["season"], run["job"]) == (
        "DLinear",
        "DE",
        "summer",
        "base",
    )
    assert (run["origin"], run["run_id"]) == ("codecarbon csv", "a")
    assert run["energy_kwh"] == pytest.approx(0.4115)


def test_reruns_appended_to_a_file_stay_runs_of_their_own(tmp_path):
    """51 of the report's 343 files: the max-if-monotone-else-sum rule made one run of up to six."""
    write(laid_out(tmp_path), row("a", energy_consumed=1, cpu_energy=1), row("b"), row("c"))
    assert collect(tmp_path).runs["run_id"].tolist() == ["a", "b", "c"]


def test_the_last_row_of_a_run_counts_since_rows_are_cumulative(tmp_path):
    rows = [row("a", duration=s, cpu_energy=s / 100, gpu_energy=0, ram_energy=0) for s in (15, 30, 45)]
    write(laid_out(tmp_path), rows[0], row("b"), *rows[1:])
    runs = collect(tmp_path).runs.set_index("run_id")
    assert runs.loc["a", "cpu_kwh"] == pytest.approx(0.45)
    assert runs.loc["a", "duration_s"] == 45


def test_nothing_of_a_csv_is_called_measured_and_a_zero_gpu_is_missing(tmp_path):
    write(
        tmp_path / "a.csv", row("gpu at zero", gpu_energy=0.0), row("without", gpu_energy=0.0, gpu_count="")
    )
    runs = collect(tmp_path).runs.set_index("run_id")
    assert (runs["energy_status"] == "estimated").all()
    assert runs["gpu_kwh"].isna().all()
    assert "exactly 0 kWh" in runs.loc["gpu at zero", "gpu_source"]
    assert "no GPU" in runs.loc["without", "gpu_source"]


def test_codecarbons_pue_is_taken_out_again(tmp_path):
    write(tmp_path / "a.csv", row("a", pue=1.5))
    assert collect(tmp_path).runs["energy_kwh"].iloc[0] == pytest.approx(0.4115 / 1.5)


def test_what_the_emission_report_should_have_seen_is_flagged(tmp_path):
    for number in range(6):
        ended = f"2025-06-{number + 1:02d}T10:00:00"
        write(laid_out(tmp_path, run=f"run-{number}"), row(f"id-{number}", timestamp=ended))
    quebec = {"country_iso_code": "CAN", "region": "Quebec", "emissions": 0.4115 * 0.0024}
    write(laid_out(tmp_path, run="vpn"), row("quebec", **quebec))
    runs = collect(tmp_path).runs.set_index("run_id")
    assert set(runs.loc["id-0", "flags"].split(", ")) == {"constant power", "power above TDP", "idle GPU"}
    assert "changed grid" in runs.loc["quebec", "flags"]
    assert runs.loc["id-0", "intensity_kg_per_kwh"] == pytest.approx(0.38095)


def test_a_sane_run_has_no_flag(tmp_path):
    write(tmp_path / "a.csv", row("a", cpu_power=32.5, cpu_energy=0.0325, gpu_energy=0.2))
    assert collect(tmp_path).runs["flags"].isna().all()


def test_masses_are_recomputed_from_the_stated_country_and_the_stated_ones_kept_apart(tmp_path):
    write(tmp_path / "a.csv", row("germany"), row("nowhere", country_iso_code="", country_name=""))
    runs = add_emissions(collect(tmp_path).runs, CarbonBlock(), Location("ESP")).set_index("run_id")
    germany = runs.loc["germany"]
    assert germany["stated_co2e_kg"] == pytest.approx(0.4115 * 0.38095)
    assert germany["co2e_kg"] == pytest.approx(0.4115 * germany["intensity_g_per_kwh"] / 1000)
    assert germany["co2e_source"].endswith("DEU")
    assert pd.isna(runs.loc["nowhere", "co2e_kg"])
    assert "unknown location" in runs.loc["nowhere", "flags"]


def test_old_and_reordered_columns_are_read(tmp_path):
    old = [name for name in reversed(COLUMNS) if name not in ("pue", "region", "gpu_count", "cpu_model")]
    write(tmp_path / "a.csv", row("a"), columns=old)
    run = collect(tmp_path).runs.iloc[0]
    assert run["cpu_kwh"] == pytest.approx(0.39)
    assert pd.isna(run["cpu_model"])


def test_other_csvs_are_counted_and_left_out(tmp_path):
    write(tmp_path / "a.csv", row("a"))
    (tmp_path / "errors.csv").write_text("model,mae\nDLinear,5\n")
    (tmp_path / "empty.csv").write_text("")
    found = collect(tmp_path)
    assert (len(found.runs), found.ignored) == (1, 2)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"energy_consumed": "many"}, "energy_consumed is 'many', expected a number"),
        ({"cpu_energy": -1}, "cpu_energy is -1, expected a number that is not negative"),
        ({"duration": "nan"}, "duration is nan"),
        ({"energy_consumed": ""}, "energy_consumed is empty"),
    ],
)
def test_a_bad_row_is_left_out_and_told_with_its_place(tmp_path, bad, sentence):
    path = write(tmp_path / "a.csv", row("good"), row("bad", **bad))
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["good"]
    (problem,) = found.problems
    assert problem.startswith(f"{path}, row 3")
    assert sentence in problem


def test_a_torn_row_is_told(tmp_path):
    path = write(tmp_path / "a.csv", row("good"))
    with path.open("a") as file:
        file.write("2025-06-01T10:00:00,wattshed,torn")
    assert "a torn row is left out" in collect(tmp_path).problems[0]


def test_a_header_alone_is_a_run_that_was_killed(tmp_path):
    write(tmp_path / "a.csv", row("good"))
    write(tmp_path / "b.csv")
    assert "killed before CodeCarbon wrote" in collect(tmp_path).problems[0]


@pytest.mark.parametrize("name", ["nowhere", "empty", "text.csv"])
def test_nothing_to_account_for_is_a_fault(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.csv").write_text("a,b\n")
    with pytest.raises(Fault, match=r"is not a folder|holds no run"):
        collect(tmp_path / name)
