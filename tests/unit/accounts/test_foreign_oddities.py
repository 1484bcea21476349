"""CodeCarbon files as people keep them: joined, copied, split by tasks, cut off, with a zero where nothing was read."""

import pandas as pd
import pytest

from codecarbon_files import COLUMNS, row, write
from wattshed.accounts.runs.collect import collect
from wattshed.foundation.faults import Fault

PARTS = ("cpu_energy", "gpu_energy", "ram_energy")


def test_a_file_of_tasks_is_left_out_since_its_run_has_a_row_of_its_own(tmp_path):
    write(tmp_path / "emissions.csv", row("a"))
    tasks = write(tmp_path / "emissions_x_a.csv", row("a"), row("a"), columns=["task_name", *COLUMNS])
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["a"]
    assert found.problems == [f"{tasks} holds the tasks of runs, whose own rows count: it is left out."]


def test_copies_of_a_file_count_once_and_the_longer_record_of_a_run_counts(tmp_path):
    write(tmp_path / "backup/early.csv", row("a", duration=60))
    whole = write(tmp_path / "run.csv", row("a"), row("b"))
    write(tmp_path / "zz/copy.csv", row("a"), row("b"))
    found = collect(tmp_path)
    assert found.runs["path"].tolist() == [str(whole)] * 2
    assert len(found.problems) == 3
    assert all("counted once" in sentence for sentence in found.problems)


def test_rows_without_a_run_id_stay_runs_of_their_own_in_every_file(tmp_path):
    for folder in "xy":
        write(tmp_path / folder / "run.csv", row(""), row(""))
    assert collect(tmp_path).runs["run_id"].nunique() == 4


def test_files_written_one_behind_the_other_keep_each_its_own_header(tmp_path):
    first = write(tmp_path / "one", row("a"))
    second = write(tmp_path / "two", row("b", pue=1.0), columns=[COLUMNS[0], *reversed(COLUMNS[1:])])
    (tmp_path / "both.csv").write_text(first.read_text() + second.read_text())
    runs = collect(tmp_path).runs
    assert runs["run_id"].tolist() == ["a", "b"]
    assert runs["cpu_kwh"].tolist() == [0.39, 0.39]


@pytest.mark.parametrize(
    "changes",
    [dict.fromkeys((*PARTS, "energy_consumed"), 0.0), {**dict.fromkeys(PARTS, ""), "energy_consumed": 0}],
)
def test_a_run_in_which_nothing_was_read_has_no_energy_and_no_zero(tmp_path, changes):
    write(tmp_path / "a.csv", row("a", **changes))
    run = collect(tmp_path).runs.iloc[0]
    assert pd.isna(run["energy_kwh"])
    assert pd.isna(run["attributed_kwh"])
    assert run["energy_status"] == "missing"


def test_a_sum_without_its_parts_is_still_an_energy(tmp_path):
    write(tmp_path / "a.csv", row("a", pue=2.0, **dict.fromkeys(PARTS, "")))
    run = collect(tmp_path).runs.iloc[0]
    assert (run["energy_kwh"], run["attributed_kwh"]) == (0.4115 / 2, 0.4115 / 2)
    assert run[["cpu_status", "ram_status", "gpu_status"]].tolist() == ["missing"] * 3


def test_an_energy_of_a_gpu_that_nobody_counted_is_kept(tmp_path):
    write(tmp_path / "a.csv", row("a"), columns=[name for name in COLUMNS if name != "gpu_count"])
    assert collect(tmp_path).runs["gpu_kwh"].tolist() == [0.0115]


def test_a_pue_that_was_divided_out_is_said_and_one_below_1_is_refused(tmp_path):
    write(tmp_path / "a.csv", row("a", pue=1.3), row("b", pue=0.9))
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["a"]
    assert "its PUE of 1.3 divided out" in found.runs["cpu_source"].iloc[0]
    assert "pue is 0.9, expected a number from 1" in found.problems[0]


def test_energy_that_falls_within_a_run_is_told(tmp_path):
    less = dict.fromkeys(PARTS, 0.01) | {"energy_consumed": 0.03}
    write(tmp_path / "a.csv", row("a"), row("a", **less))
    found = collect(tmp_path)
    assert found.runs["energy_kwh"].tolist() == [pytest.approx(0.03)]
    assert "falls from 0.4115 to 0.03 kWh" in found.problems[0]


def test_parts_that_do_not_make_their_sum_are_told(tmp_path):
    write(tmp_path / "a.csv", row("a", energy_consumed=0.5))
    found = collect(tmp_path)
    assert found.runs["energy_kwh"].tolist() == [pytest.approx(0.4115)]
    assert "parts sum to 0.4115 kWh and energy_consumed says 0.5" in found.problems[0]


def test_quotes_commas_and_line_breaks_in_a_name_shift_no_column(tmp_path):
    write(tmp_path / "a.csv", row("a", project_name='my "own",\nproject'), row("b"))
    runs = collect(tmp_path).runs
    assert runs["run_id"].tolist() == ["a", "b"]
    assert runs["cpu_kwh"].tolist() == [0.39, 0.39]


@pytest.mark.parametrize(
    "content", [b"\x00\x01\xff" * 100, b"PK\x03\x04", b"\n\n", b'"run_id,emissions,energy_consumed']
)
def test_what_is_no_table_is_ignored_or_told_and_never_a_crash(tmp_path, content):
    write(tmp_path / "a.csv", row("a"))
    (tmp_path / "odd.csv").write_bytes(content)
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["a"]
    assert found.ignored + len(found.problems) == 1


def test_a_cell_longer_than_any_reader_takes_ends_the_file_and_not_the_account(tmp_path):
    path = write(tmp_path / "a.csv", row("a"), row("b", project_name="x" * 200_000))
    found = collect(tmp_path)
    assert found.runs["run_id"].tolist() == ["a"]
    assert found.problems[0].startswith(f"{path}, row 3: field larger than field limit")


def test_the_time_of_a_csv_is_kept_as_written_and_called_no_utc(tmp_path):
    write(tmp_path / "a.csv", row("a"))
    run = collect(tmp_path).runs.iloc[0]
    assert pd.isna(run["ended_utc"])
    assert '"timestamp": "2025-06-01T10:00:00"' in run["labels"]


def test_only_bad_rows_leave_no_account_and_say_why(tmp_path):
    write(tmp_path / "a.csv", row("a", duration="long"))
    with pytest.raises(Fault, match=r"holds no run.*duration is 'long'"):
        collect(tmp_path)
