"""A reader such as ``head`` that has read enough: the command line ends quietly, as other tools do."""

import os
import subprocess
import sys

import pytest

from hand_made_profile import CONFIG as CONFIGS
from wattshed.commands import main as command_line
from wattshed.commands.main import DEFECT_EXIT_CODE, UNREAD_EXIT_CODE, main

WATTSHED = [sys.executable, "-m", "wattshed.commands"]
MEMORY = ["memory", str(CONFIGS / "config.yaml"), "--model", "dlinear", "--nodes", "5", "--hours", "3000"]
PRINTS = {
    "memory": MEMORY,
    "memory as JSON": [*MEMORY, "--json"],
    "predict": ["predict", "--example"],
    "predict as JSON": ["predict", "--example", "--json"],
    "reproduce": ["reproduce"],
    "accounts": ["accounts", "ledgers"],
    "doctor": ["doctor"],
    "inspect": ["inspect", "load.csv"],
}
# argparse itself takes no notice, and ends with 0.
HELP = {"help": ["--help"], "help of a command": ["memory", "--help"], "version": ["--version"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a ledger and a table."""
    made = tmp_path_factory.mktemp("measured")
    (made / "load.csv").write_text("time,a\n2021-01-01 00:00,1\n2021-01-01 01:00,2\n")
    words = ["measure", "--idle-s", "0", "--", "true"]
    subprocess.run([*WATTSHED, *words], cwd=made, capture_output=True, check=True)
    return made


def unread(words, folder, **variables):
    """The exit code, and what is said on standard error; the reader is gone before the first line is printed."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*WATTSHED, *words], cwd=folder, env=os.environ | variables, **pipes) as process:
        process.stdout.close()
        said = process.stderr.read()
    return process.returncode, said


@pytest.mark.parametrize("name", PRINTS)
def test_a_pipe_without_a_reader_ends_a_command_quietly(name, folder):
    assert unread(PRINTS[name], folder) == (UNREAD_EXIT_CODE, "")
    assert UNREAD_EXIT_CODE == 141


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("name", HELP)
def test_help_without_a_reader_is_quiet_too(name, unbuffered, folder):
    # Which of the two depends on the release of Python: argparse of later ones takes no note of a closed pipe.
    code, said = unread(HELP[name], folder, PYTHONUNBUFFERED=unbuffered)
    assert code in (0, 141)
    assert said == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_late_failure_is_as_an_early_one(unbuffered, folder):
    assert unread(["predict", "--example"], folder, PYTHONUNBUFFERED=unbuffered) == (UNREAD_EXIT_CODE, "")


def test_head_gets_its_line(folder):
    script = '"$@" | head -n 1; echo "${PIPESTATUS[1]}"'
    words = ["bash", "-c", script, "bash", *WATTSHED, "reproduce"]
    answer = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=True)
    assert [line.strip() for line in answer.stdout.splitlines()] == ["Older read-me, Step 1", "0"]
    assert answer.stderr == ""


def test_a_measured_command_keeps_its_exit_code(folder):
    code, said = unread(["measure", "--idle-s", "0", "--json", "--", "sh", "-c", "exit 7"], folder)
    assert code == 7
    assert "Traceback" not in said


def test_another_broken_pipe_is_a_defect_and_keeps_its_traceback(monkeypatch, capsys):
    def fails(arguments):
        read, write = os.pipe()
        os.close(read)
        try:
            os.write(write, b"to a process that has ended")
        finally:
            os.close(write)

    monkeypatch.setattr(command_line, "_called", fails)
    assert main(["doctor"]) == DEFECT_EXIT_CODE
    assert "BrokenPipeError" in capsys.readouterr().err
