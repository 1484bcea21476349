"""After the measured command has ended, nothing replaces its exit code; and repeated runs read the same input."""

import json
import os
import subprocess
import sys

import pytest

from small_disk import small_disk

MEASURE = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0", "--cpu-power-w", "50"]
FILL = "cat /dev/zero > filler 2> /dev/null"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def run(line, *words, **options):
    """Run a line of bash in which ``"$@"`` is the meter with its words."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *MEASURE, *words], capture_output=True, text=True, **options
    )


def events_in(folder):
    (path,) = (folder / "ledgers").iterdir()
    return path, [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    "redirection",
    [
        "2>&-",
        ">&-",
        "<&-",
        "<&- >&- 2>&-",
        "2>/dev/full",
        ">/dev/full",
        ">/dev/full 2>&1",
        "2> >(true)",
        "> >(true)",
        "2>&1 | true; exit ${PIPESTATUS[0]}",
        "| true; exit ${PIPESTATUS[0]}",
    ],
)
def test_the_exit_code_is_kept_whatever_becomes_of_the_output(folder, redirection):
    answer = run(f'"$@" {redirection}', "--json", "--label", "model=a", "--", "sh", "-c", "exit 7")
    assert answer.returncode == 7
    assert "Traceback" not in answer.stderr + answer.stdout
    path, events = events_in(folder)
    assert path.suffix == ".jsonl"
    assert events[-1]["exit_code"] == 7


def test_a_summary_that_cannot_be_printed_is_told(folder):
    answer = run('"$@" > /dev/full', "--json", "--", "sh", "-c", "exit 7")
    assert answer.returncode == 7
    assert "the summary cannot be printed (OSError: [Errno 28] No space left on device)" in answer.stderr


def test_what_the_command_prints_on_a_closed_file_does_not_reach_the_ledger(folder):
    """The ledger would get the number of the file that is closed, and with it what the command prints there."""
    answer = run('"$@" 2>&- <&-', "--", "sh", "-c", "echo stray >&2; exit 3")
    plain = subprocess.run(["bash", "-c", "sh -c 'echo stray >&2; exit 3' 2>&- <&-"])
    assert answer.returncode == plain.returncode == 3
    assert "stray" not in events_in(folder)[0].read_text().split("\n", 1)[1]


def test_a_disk_that_the_command_fills_keeps_the_exit_code_and_what_was_written(folder):
    line = f"{FILL}; echo x >> ../marks; test $(wc -l < ../marks) -lt 12 || exit 7"
    with small_disk(folder / "disk", kib=96) as disk:
        answer = subprocess.run(
            [*MEASURE, "--json", "--repeats", "20", "--", "sh", "-c", line],
            cwd=disk,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert answer.returncode == 7
        assert json.loads(answer.stdout)["exit_code"] == 7
        assert "No space left on device" in answer.stderr
        assert "is incomplete" in answer.stderr
        assert "Traceback" not in answer.stderr
        path, events = events_in(disk)
        assert path.suffix == ".jsonl"
        assert [event["event"] for event in events[:2]] == ["start", "sensors"]
    assert len((folder / "marks").read_text().split()) == 12, "every run was made"


def test_a_full_disk_before_the_command_begins_leaves_nothing(folder):
    with small_disk(folder / "disk", kib=16) as disk:
        subprocess.run(["sh", "-c", FILL], cwd=disk)
        answer = subprocess.run(
            [*MEASURE, "--", "touch", "/tmp/never"], cwd=disk, capture_output=True, text=True
        )
        assert answer.returncode == 2
        assert "No space left on device" in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert os.listdir(disk) == ["filler"]


def test_a_command_that_deletes_the_ledger_keeps_its_exit_code(folder):
    answer = run('"$@"', "--prometheus", "w.prom", "--", "sh", "-c", "rm -r ledgers; exit 7")
    assert answer.returncode == 7
    assert "was deleted during the work: its measurement is lost" in answer.stderr
    assert "w.prom cannot be written: the ledger was deleted" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("option", ["--prometheus", "--codecarbon"])
def test_outputs_never_take_the_place_of_a_device_or_a_pipe(folder, option):
    os.mkfifo(folder / "pipe")
    answer = run('"$@"', option, "pipe", "--", "true")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: ")
    assert (folder / "pipe").is_fifo()


def test_a_command_that_vanishes_between_two_runs_has_a_shells_exit_code(folder):
    (folder / "job").write_text("#!/bin/sh\nrm job\n")
    (folder / "job").chmod(0o755)
    answer = run('"$@"', "--repeats", "3", "--", "./job")
    assert answer.returncode == 127
    assert "./job is not a command" in answer.stderr
    _, events = events_in(folder)
    assert sum(event["event"] == "window" for event in events) == 1


@pytest.mark.parametrize(
    "given",
    [
        "printf 'a\\nb\\n' |",
        "printf 'a\\nb\\n' > file; < file",
        "printf 'x\\na\\nb\\n' > file; { read skipped;",
    ],
)
def test_each_run_gets_the_same_standard_input(folder, given):
    end = "; } < file" if "skipped" in given else ""
    answer = run(f'{given} "$@"{end}', "--repeats", "3", "--warm-up", "1", "--", "wc", "-l")
    assert answer.stdout.split() == ["2"] * 4, answer.stderr


def test_a_large_standard_input_is_the_same_for_each_run(folder):
    answer = run('head -c 3000000 /dev/zero | "$@"', "--repeats", "2", "--", "wc", "-c")
    assert answer.stdout.split() == ["3000000"] * 2


def test_a_single_run_reads_its_pipe_as_it_comes(folder):
    """Nothing is kept: the command answers before the pipe ends."""
    words = [*MEASURE, "--", "head", "-n", "1"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b"first\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"first\n"
        assert process.wait() == 0


@pytest.mark.parametrize("redirection", ["< /dev/null", "<&-"])
def test_no_standard_input_stays_none(folder, redirection):
    answer = run(f'"$@" {redirection}', "--repeats", "2", "--", "sh", "-c", "cat; exit 0")
    assert (answer.returncode, answer.stdout) == (0, "")


def test_a_longer_input_than_is_kept_is_refused_and_nothing_is_left(folder):
    limited = "from wattshed.commands.running import standard_input; standard_input.LIMIT_BYTES = 10; "
    limited += "from wattshed.commands.main import entry; entry()"
    words = [sys.executable, "-c", limited, *MEASURE[3:], "--repeats", "2", "--", "cat"]
    answer = subprocess.run(words, input="x" * 11, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "put it into a file and give < FILE" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert os.listdir(folder) == []


def test_an_input_that_finds_no_space_is_refused_and_nothing_is_left(folder):
    with small_disk(folder / "disk", kib=64) as disk:
        answer = run(
            'head -c 1000000 /dev/zero | TMPDIR="$PWD/disk" "$@"', "--repeats", "2", "--", "wc", "-c"
        )
        assert answer.returncode == 2
        assert "cannot be kept (No space left on device)" in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert os.listdir(disk) == []
    assert os.listdir(folder) == ["disk"]
