"""``wattshed sweep``: a real command, on the simulated GPU and on one of the tests that runs it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from wattshed.clocks.sweeping.journal import read_journal
from wattshed.commands.main import main
from wattshed.commands.running.sweeping import exit_code_of
from wattshed.energy.ledger.reading import read_ledger
from wattshed.foundation.extending.own_files import OWN_PLUGINS
from wattshed.foundation.vocabulary import Worth

RUNNING = Path(__file__).resolve().parents[2] / "helpers/running_clocks.py"
# The GPU of the tests: 4 clocks, one call in a window, 17 windows.
REAL = (
    "--backend",
    "running_clocks",
    "--plugins",
    str(RUNNING),
    "--idle-s",
    "0",
    "--window-s",
    "0.1",
    "--repeats",
    "3",
    "--full",
)
SIMULATED = ("--backend", "simulated", "--points", "4", "--repeats", "3", "--full")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(OWN_PLUGINS, "[]")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(folder, text):
    path = folder / "work.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return "./work.sh"


def counting(folder, then=""):
    """A command that counts its calls in a file and then does more."""
    return script(folder, f"echo x >> calls\nn=$(wc -l < calls)\necho call $n\n{then}")


def test_a_command_is_swept_and_all_files_are_written(folder, capsys):
    assert main(["sweep", *REAL, "--", counting(folder)]) == 0
    found = folder / "sweeps/work.sh"
    assert {path.name for path in found.iterdir()} == {
        *(
            "sweep.parquet",
            "sweep.csv",
            "sweep.journal.jsonl",
            "sweep.ledger.jsonl",
            "choice.json",
            "command.log",
        )
    }
    frame = pd.read_parquet(found / "sweep.parquet")
    assert set(frame["workload"]) == {"./work.sh"}
    assert len(pd.read_csv(found / "sweep.csv")) == len(frame)
    # One call before each window and one in it.
    assert len((folder / "calls").read_text().split()) == 2 * len(frame)
    (choice,) = json.loads((found / "choice.json").read_text())["choices"]
    assert choice["status"] == "use"
    out, err = capsys.readouterr()
    assert f"use {choice['setting']} MHz" in out
    assert "SIMULATED" not in out + err
    assert f"point {len(frame)}" in err
    assert "best so far" in err
    (attempt,) = read_ledger(found / "sweep.ledger.jsonl").attempts
    assert attempt.start["labels"]["command"] == "./work.sh"
    # What only the last call printed.
    assert (found / "command.log").read_text() == f"call {2 * len(frame)}\n"


def test_a_simulated_sweep_says_so_everywhere_and_runs_the_command_once(folder, capsys):
    main(["sweep", *SIMULATED, "--output", "out", "--", counting(folder)])
    out, err = capsys.readouterr()
    assert err.splitlines()[0].startswith("wattshed: SIMULATED: time and energy are those of an invented GPU")
    assert out.count("SIMULATED") == 2
    assert (folder / "calls").read_text() == "x\n"
    assert set(pd.read_parquet("out/sweep.parquet")["label"]) == {"simulated"}


def test_the_table_and_the_sentence_give_the_same_numbers(folder, capsys):
    main(["sweep", *SIMULATED, "--max-slowdown", "0.5", "--label", "mine", "--", "true"])
    out = " ".join(capsys.readouterr().out.split())
    said = re.search(r"(\d+) MHz saves ([\d.]+)% of the energy .* and takes ([+-][\d.]+)% time", out)
    assert said is not None, out
    setting, saving, slowdown = said.groups()
    # Setting, n, time, energy, power, time %, energy %.
    row = re.search(
        rf" {setting} (?:[│|] )?\d+(?: [│|]?)*(?:[\d.]+[ │|]+){{3}}([+-][\d.]+)[ │|]+([+-][\d.]+)", out
    )
    assert row is not None, out
    assert row.groups() == (slowdown, f"-{saving}")


def test_json_is_all_that_stands_on_stdout(folder, capsys):
    code = main(["sweep", *SIMULATED, "--json", "--label", "mine", "--", "echo", "hello"])
    found = json.loads(capsys.readouterr().out)
    (choice,) = found["choices"]
    assert (choice["workload"], choice["label"]) == ("mine", "simulated")
    assert code == exit_code_of([choice], keep=1, undecided=3)


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ([("use", Worth.WORTH_IT)], 0),
        ([("keep", Worth.NOT_WORTH_IT)], 1),
        ([("keep", Worth.UNDECIDED)], 3),
        ([("doubtful", Worth.UNDECIDED)], 3),
        ([("refused", Worth.UNDECIDED)], 3),
        ([("keep", Worth.NOT_WORTH_IT), ("use", Worth.WORTH_IT)], 0),
        ([("keep", Worth.NOT_WORTH_IT), ("refused", Worth.UNDECIDED)], 3),
    ],
)
def test_the_exit_code_tells_a_finding_from_what_is_undecided(choices, code):
    rows = [{"status": status, "outcome": outcome} for status, outcome in choices]
    assert exit_code_of(rows, keep=1, undecided=3) == code


@pytest.mark.parametrize(("keeps", "lines"), [((), 1), (("--keep-output",), 34)])
def test_the_output_of_the_command_is_kept_as_asked(folder, keeps, lines):
    main(["sweep", *REAL, *keeps, "--output", "out", "--", "echo", "hello"])
    assert Path("out/command.log").read_text() == "hello\n" * lines


def test_each_call_reads_the_same_standard_input(folder):
    (folder / "given").write_text("given\n")
    own, file = os.dup(0), os.open(folder / "given", os.O_RDONLY)
    try:
        os.dup2(file, 0)
        assert main(["sweep", *REAL, "--output", "out", "--", "sh", "-c", "cat >> all"]) == 0
    finally:
        os.dup2(own, 0)
        os.close(own)
        os.close(file)
    assert (folder / "all").read_text() == "given\n" * 34


def test_a_command_that_fails_at_its_third_call_keeps_the_points_and_goes_on(folder, capsys):
    command = counting(folder, "[ $n -eq 3 ] && echo out of luck >&2 && exit 4\nexit 0")
    words = ["sweep", *REAL, "--output", "out", "--", command]
    assert main(words) == 2
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert "./work.sh failed with exit code 4 in call 3 (out of luck): expected exit code 0" in sentence
    assert (
        "1 points are kept in out/sweep.journal.jsonl, and the same command line goes on with them"
        in sentence
    )
    assert not Path("out/sweep.parquet").exists()
    assert len(read_journal(Path("out/sweep.journal.jsonl")).rows) == 1
    assert main(words) == 0
    assert "1 points of this sweep are kept" in capsys.readouterr().err
    assert pd.read_parquet("out/sweep.parquet")["session"].tolist()[:2] == [1, 2]
    assert len(read_ledger(Path("out/sweep.ledger.jsonl")).attempts) == 2


def test_sigkill_loses_no_point_and_the_next_call_goes_on(folder):
    # The command kills the sweep in its 12th call, the second one of the 6th point.
    command = counting(folder, "[ $n -eq 12 ] && kill -KILL $PPID\nexit 0")
    words = [sys.executable, "-m", "wattshed.commands", "sweep", *REAL, "--output", "out", "--", command]
    first = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert first.returncode == -signal.SIGKILL
    assert len(read_journal(folder / "out/sweep.journal.jsonl").rows) == 5
    assert main(words[3:]) == 0
    frame = pd.read_parquet("out/sweep.parquet")
    assert frame["session"].value_counts().to_dict() == {1: 5, 2: len(frame) - 5}
    assert len(read_ledger(Path("out/sweep.ledger.jsonl")).attempts) == 2


def test_sigterm_ends_the_command_too_and_keeps_the_points(folder):
    command = counting(folder, "[ $n -eq 6 ] && kill -TERM $PPID && exec sleep 60\nexit 0")
    words = [sys.executable, "-m", "wattshed.commands", "sweep", *REAL, "--output", "out", "--", command]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=50)
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    assert done.stderr.splitlines()[-1].startswith("stopped: run the same command again to go on")
    assert len(read_journal(folder / "out/sweep.journal.jsonl").rows) == 2


def test_a_finished_sweep_is_not_overwritten_but_may_go_on_under_other_limits(folder, capsys):
    words = ["sweep", *SIMULATED, "--output", "out"]
    main([*words, "--", "true"])
    rows = pd.read_parquet("out/sweep.parquet")
    assert main([*words, "--", "true"]) == 2
    assert "out holds a finished sweep: expected another folder" in capsys.readouterr().err
    main([*words, "--resume", "--max-slowdown", "50%", "--json", "--", "true"])
    (choice,) = json.loads(capsys.readouterr().out)["choices"]
    assert choice["limits"]["max_slowdown_share"] == 0.5
    pd.testing.assert_frame_equal(pd.read_parquet("out/sweep.parquet"), rows)


def test_a_budget_ends_the_sweep_and_a_larger_one_goes_on(folder, capsys):
    words = ["sweep", *SIMULATED, "--output", "out"]
    main([*words, "--budget-s", "50", "--", "true"])
    assert len(pd.read_parquet("out/sweep.parquet")) <= 10
    main([*words, "--resume", "--budget-s", "500", "--", "true"])
    assert len(pd.read_parquet("out/sweep.parquet")) == 17
    whole = ["sweep", *SIMULATED, "--output", "whole", "--", "true"]
    main(whole)
    columns = ["setting", "time_s", "energy_j"]
    pd.testing.assert_frame_equal(
        pd.read_parquet("out/sweep.parquet")[columns], pd.read_parquet("whole/sweep.parquet")[columns]
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no command was given: expected it after --, as in wattshed sweep -- python infer.py"),
        (("--",), "no command was given"),
        (
            ("--backend", "simulatd", "--", "true"),
            "--backend: 'simulatd' is not a clock back end: did you mean",
        ),
        (
            (*SIMULATED[:2], "--points", "0", "--", "true"),
            "--points: Input should be greater than or equal to 2",
        ),
        ((*SIMULATED, "--window-s", "-1", "--", "true"), "--window-s: Input should be greater than 0"),
        ((*SIMULATED, "--budget-s", "0", "--", "true"), "--budget-s 0: expected seconds above 0"),
        ((*SIMULATED, "--budget-s", "nan", "--", "true"), "--budget-s nan: expected seconds above 0"),
        ((*SIMULATED, "--max-slowdown", "5", "--", "true"), "--max-slowdown is '5': expected a share"),
        ((*SIMULATED, "--max-slowdown", "100%", "--", "true"), "--max-slowdown: Input should be less than 1"),
        ((*SIMULATED, "--idle-s", "-3", "--", "true"), "--idle-s -3: "),
        ((*SIMULATED, "--", "no-such-program-here"), "no-such-program-here is not a command on this machine"),
        ((*SIMULATED, "--", "A=1", "true"), "write wattshed sweep -- env A=1 true"),
        ((*SIMULATED, "--output", "file/x", "--", "true"), "--output: file/x cannot be written"),
        ((*SIMULATED, "--output", "file", "--", "true"), "--output file is a file: expected a folder"),
        ((*SIMULATED, "--resume", "--output", "new", "--", "true"), "--resume: new holds no sweep"),
        ((*SIMULATED, "--rule", "edpp", "--", "true"), "--rule: 'edpp' is not a clock rule: did you mean"),
        (("--plugins", "none.py", "--", "true"), "none.py does not exist: name the plug-in's file"),
        (("--backend", "replay"), "--backend replay: expected --recording FILE"),
        (("--backend", "replay", "--recording", "file"), "and --recorded-workload NAME; give all three"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(folder, capsys, words, sentence):
    Path("file").write_text("")
    before = sorted(path.name for path in folder.iterdir())
    assert main(["sweep", *words]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(said) == 1
    assert sentence in said[0]
    assert sorted(path.name for path in folder.iterdir()) == before


def test_without_a_driver_the_back_ends_own_sentence_is_told(folder, capsys):
    # A library that cannot be loaded, so that the test means the same on a machine with a GPU.
    words = [sys.executable, "-c", WITHOUT_DRIVER, "sweep", "--", "true"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: GPU 0 cannot be reached through NVML")
    assert list(folder.iterdir()) == []


WITHOUT_DRIVER = """
import sys, pynvml
def missing(*_):
    raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
pynvml.nvmlInit = missing
from wattshed.commands.main import main
from wattshed.commands.running.sweeping import exit_code_of
sys.exit(main(sys.argv[1:]))
"""


def test_a_recorded_sweep_is_replayed_without_a_command(folder, capsys):
    main(["sweep", *SIMULATED, "--label", "serve", "--output", "made", "--", "true"])
    gpu = pd.read_parquet("made/sweep.parquet")["gpu"].iloc[0]
    words = ["--recording", "made/sweep.csv", "--recorded-gpu", gpu, "--recorded-workload", "serve"]
    capsys.readouterr()
    main(["sweep", "--backend", "replay", *words, "--output", "out"])
    assert "SIMULATED" in capsys.readouterr().err
    columns = ["setting", "time_s", "energy_j", "warm"]
    one, other = (pd.read_parquet(f"{name}/sweep.parquet")[columns] for name in ("made", "out"))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_another_command_in_the_same_folder_is_refused(folder, capsys):
    main(["sweep", *SIMULATED, "--output", "out", "--", "true"])
    assert main(["sweep", *SIMULATED, "--output", "out", "--resume", "--", "false"]) == 2
    assert 'another sweep (work.name was "true" and is now "false")' in capsys.readouterr().err


@pytest.mark.parametrize("name", ["sweep.csv", "choice.json", "sweep.ledger.jsonl"])
def test_files_that_are_somebody_elses_are_not_replaced(folder, capsys, name):
    (folder / "out").mkdir()
    (folder / "out" / name).write_text("mine")
    assert main(["sweep", *SIMULATED, "--output", "out", "--", "true"]) == 2
    assert f"--output out holds {name}, but no journal of a sweep" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in (folder / "out").iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("budget", ["inf", "nan", "0", "-1"])
def test_a_budget_is_a_number_of_seconds(capsys, budget):
    assert main(["sweep", *SIMULATED, "--budget-s", budget, "--", "true"]) == 2
    assert "expected seconds above 0, such as 1800" in capsys.readouterr().err


def test_a_budget_for_less_than_the_warm_up_leaves_it_undecided(folder, capsys):
    assert main(["sweep", *SIMULATED, "--budget-s", "0.001", "--output", "out", "--", "true"]) == 3
    assert "fewer than 3 warm, valid repeats of the baseline" in capsys.readouterr().out
    assert len(pd.read_parquet("out/sweep.parquet")) == 1
