"""Eight ranks that each counted the whole machine: flagged, and counted once on request."""

import pandas as pd
import pytest

from codecarbon_files import row, write
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.reading.ranks import COUNTED_AGAIN
from wattshed.accounts.runs.collect import collect
from wattshed.commands.printing.accounts_output import totals_frame
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location

SANE = {"cpu_power": 32.5, "cpu_energy": 0.0325, "gpu_energy": 0.2, "energy_consumed": 0.2425}


def ended(second):
    return str(pd.Timestamp("2025-06-01T10:00:00") + pd.Timedelta(second, "s")).replace(" ", "T")


def rank(number, second=0, **changes):
    values = SANE | {"timestamp": ended(second), "duration": 3600 + 0.3 * number} | changes
    return row(f"rank-{number}", **values)


def flagged(runs):
    return runs["flags"].fillna("").str.contains(COUNTED_AGAIN, regex=False)


def totals(folder, **options):
    collected = collect(folder, **options)
    runs = add_emissions(collected.runs, CarbonBlock(), Location("DEU"))
    return totals_frame(runs).iloc[0], collected


@pytest.mark.parametrize("files", [1, 8])
def test_eight_ranks_are_flagged_and_count_once_on_request(tmp_path, files):
    for part in range(files):
        rows = [rank(number, second=number % 3) for number in range(8) if number % files == part]
        write(tmp_path / f"emissions-{part}.csv", *rows)
    every, collected = totals(tmp_path)
    assert every["runs"] == 8
    assert flagged(collected.runs).all()
    one, collected = totals(tmp_path, ranks_once=True)
    assert one["runs"] == 1
    assert one["energy_kwh"] == pytest.approx(0.2425)
    assert one["mean_kwh"] == pytest.approx(0.2425)
    assert pd.isna(one["mean_low_kwh"])
    assert not flagged(collected.runs).any()
    assert any("7 others ended together on equal hardware" in sentence for sentence in collected.problems)


def test_two_distributed_runs_count_as_two(tmp_path):
    rows = [rank(8 * run + number, second=4000 * run) for run in range(2) for number in range(8)]
    write(tmp_path / "emissions.csv", *rows)
    one, _ = totals(tmp_path, ranks_once=True)
    assert one["runs"] == 2
    assert one["energy_kwh"] == pytest.approx(2 * 0.2425)


@pytest.mark.parametrize(
    "other",
    [
        {"cpu_model": "Intel Xeon"},
        {"gpu_model": "2 x NVIDIA A100"},
        {"gpu_count": 2},
        {"country_iso_code": "ESP"},
        {"duration": 1800.0},
        {"timestamp": ended(60)},
        {"timestamp": "soon"},
        {"timestamp": ""},
    ],
    ids=lambda other: next(iter(other)),
)
def test_runs_that_differ_are_not_ranks_of_one(tmp_path, other):
    write(tmp_path / "emissions.csv", rank(0), rank(1, **other))
    collected = collect(tmp_path, ranks_once=True)
    assert len(collected.runs) == 2
    assert not flagged(collect(tmp_path).runs).any()


def test_short_runs_one_after_the_other_are_not_ranks(tmp_path):
    """A run of a second ends within the tolerance of the one before it."""
    rows = [rank(number, second=number, duration=1.0) for number in range(20)]
    rows += [rank(100 + number, second=100 + 8 * number, duration=8.0) for number in range(20)]
    write(tmp_path / "emissions.csv", *rows)
    assert not flagged(collect(tmp_path).runs).any()


def test_other_runs_that_end_in_between_do_not_hide_the_ranks(tmp_path):
    rows = [
        rank(0, second=0),
        rank(1, second=2),
        row("x", **SANE, timestamp=ended(1), duration=50.0),
        rank(2, second=3),
    ]
    write(tmp_path / "emissions.csv", *rows)
    runs = collect(tmp_path).runs.set_index("run_id")
    assert flagged(runs).to_dict() == {"rank-0": True, "rank-1": True, "x": False, "rank-2": True}


def test_runs_tracked_by_process_without_a_gpu_counted_their_own_part(tmp_path):
    own = {"tracking_mode": "process", "gpu_energy": 0, "gpu_count": "", "gpu_model": ""}
    write(tmp_path / "emissions.csv", rank(0, **own), rank(1, **own))
    assert len(collect(tmp_path, ranks_once=True).runs) == 2


def test_rows_of_ranks_without_identities_count_once_too(tmp_path):
    rows = [{**rank(number), "run_id": "None"} for number in range(4)]
    write(tmp_path / "emissions.csv", *rows)
    assert len(collect(tmp_path).runs) == 4
    assert len(collect(tmp_path, ranks_once=True).runs) == 1


def test_the_rank_that_lasted_longest_stands_for_all(tmp_path):
    write(tmp_path / "emissions.csv", *[rank(number) for number in range(3)])
    assert collect(tmp_path, ranks_once=True).runs["run_id"].tolist() == ["rank-2"]
