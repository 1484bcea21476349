"""Runs without a record, from operations that the user states."""

import json

import pandas as pd
import pytest

from codecarbon_files import row, write
from wattshed.accounts.estimates.unrecorded import estimate_unrecorded
from wattshed.accounts.runs.collect import collect
from wattshed.commands.main import main
from wattshed.foundation.faults import Fault


@pytest.fixture
def recorded(tmp_path):
    """Eight runs whose energy is proportional to their operations."""
    for number in range(1, 9):
        kwh = 0.01 * number
        parts = {"cpu_energy": 0.3 * kwh, "gpu_energy": 0.6 * kwh, "ram_energy": 0.1 * kwh}
        name = f"run-{number}"
        write(
            tmp_path / f"gru/DE/summer/{name}_emissions.csv",
            row(name, energy_consumed=kwh, **parts, cpu_power=30 + number),
        )
    return tmp_path


def operations(*names, **more):
    return pd.DataFrame(
        {"run_id": list(names), "operations": [1e12 * int(name.split("-")[1]) for name in names], **more}
    )


ALL = [f"run-{number}" for number in range(1, 9)]


def test_a_run_without_a_record_is_estimated_with_a_range_and_labelled(recorded):
    runs = collect(recorded).runs
    found = estimate_unrecorded(runs, operations(*ALL, "run-5000", model="gru"))
    (estimate,) = found.to_dict("records")
    assert estimate["energy_status"] == "retro-estimated"
    assert estimate["origin"] == "retro-estimate"
    assert estimate["energy_kwh"] == pytest.approx(50.0, rel=0.01)
    assert estimate["energy_low_kwh"] <= estimate["energy_kwh"] <= estimate["energy_high_kwh"]
    assert estimate["extrapolated"]


def test_where_all_are_recorded_there_is_nothing_to_estimate(recorded):
    assert estimate_unrecorded(collect(recorded).runs, operations(*ALL)).empty


def test_columns_that_are_missing_are_named(recorded):
    with pytest.raises(Fault, match="expected operations, and run_id or model"):
        estimate_unrecorded(collect(recorded).runs, pd.DataFrame({"flops": [1.0]}))


def test_the_command_tells_estimates_apart_and_never_sums_them(recorded, capsys):
    flops = recorded / "flops.csv"
    operations(*ALL, "run-50", model="gru").to_csv(flops, index=False)
    words = ["accounts", str(recorded), "--operations", str(flops), "--country", "DEU"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"] == 8
    (estimate,) = found["retro_estimates"]
    assert estimate["co2e_kg"] > 0
    assert estimate["co2e_low_kg"] <= estimate["co2e_kg"] <= estimate["co2e_high_kg"]
    assert sum(total["energy_kwh"] for total in found["totals"]) == pytest.approx(0.36)
    assert main([*words, "--output", str(recorded / "out")]) == 0
    said = capsys.readouterr().out
    assert "retro-estimate" in said
    assert (recorded / "out/energy.png").is_file()
