"""Before the measured command begins: it is found and started as a shell does, or refused in one sentence."""

import json
import os
import platform
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from wattshed.commands.main import main
from wattshed.commands.running.advice import not_found
from wattshed.commands.running.ledger_name import default_ledger

MEASURE = [sys.executable, "-m", "wattshed.commands", "measure", "--idle-s", "0", "--cpu-power-w", "50"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory; the cache of the user lies beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def measure(*words, options=(), **process):
    answer = subprocess.run([*MEASURE, *options, "--", *words], capture_output=True, **process)
    return answer.returncode, answer.stdout.decode(errors="replace"), answer.stderr.decode()


def program(path, content, mode=0o755):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return f"./{path.name}"


def start_event():
    (path,) = os.listdir("ledgers")
    with open(f"ledgers/{path}", encoding="utf-8") as file:
        return json.loads(file.readline())


def test_a_script_without_an_interpreter_line_is_run_by_the_shell(folder):
    word = program(folder / "job", 'echo "$0 $1"; exit 5\n')
    assert measure(word, "a b")[:2] == (5, "./job a b\n")


def test_an_empty_executable_file_succeeds_as_in_a_shell(folder):
    assert measure(program(folder / "empty", b""))[0] == 0


def test_a_script_on_path_without_an_interpreter_line_is_run_by_the_shell(folder, monkeypatch):
    program(folder / "job", "exit 6\n")
    monkeypatch.setenv("PATH", f":{os.environ['PATH']}")
    assert measure("job")[0] == 6


def other_machine():
    """The head of a program for a processor that this machine is not."""
    number = 8 if platform.machine() != "mips" else 2
    return (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + (2).to_bytes(2, "little")
        + number.to_bytes(2, "little")
        + bytes(200)
    )


@pytest.mark.parametrize(
    ("content", "mode", "code", "sentence"),
    [
        (other_machine(), 0o755, 126, "it is made for another machine"),
        (b"\0\1\2", 0o755, 126, "it is made for another machine"),
        (b"#!/no/such/program\n", 0o755, 127, "names the interpreter /no/such/program, which does not exist"),
        (b"#! /no/such/program -x\nexit 0\n", 0o755, 127, "names the interpreter /no/such/program, which"),
        (b"#!/bin/sh\r\nexit 0\r\n", 0o755, 127, "has the line ends of Windows"),
        (b"#!/etc\n", 0o755, 126, "names the interpreter /etc, which may not be executed"),
        (b"#!/etc/passwd\n", 0o755, 126, "names the interpreter /etc/passwd, which may not be executed"),
        (b"exit 0\n", 0o644, 126, "may not be executed: make it executable with chmod +x"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_sentence_and_a_shells_exit_code(
    folder, content, mode, code, sentence
):
    word = program(folder / "job", content, mode)
    found, out, err = measure(word)
    assert (found, out) == (code, "")
    assert sentence in err
    assert err.startswith("error: ./job ")
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["job"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["."], 127, "it belongs to a shell"),
        (["./"], 126, "./ is a folder"),
        (["/"], 126, "/ is a folder"),
        (["./none"], 127, "is not a command on this machine"),
        (["/etc/passwd/x"], 126, "cannot be run (Not a directory)"),
        ([""], 127, "the command is an empty word"),
        (["/" + "x" * 300], 126, "cannot be run (File name too long)"),
        (["x" * 300], 127, "is not a command on this machine"),
        (["two\nlines"], 127, "'two\\nlines' is not a command"),
        (["caf\udce9"], 127, "caf\\xe9 is not a command"),
        (["CUDA_VISIBLE_DEVICES=0", "python", "x.py"], 127, "measure -- env CUDA_VISIBLE_DEVICES=0 python x.py."),
        (["A=b c", "true"], 127, "write wattshed measure -- env 'A=b c' true."),
        (["python train.py"], 127, "measure -- python train.py, or wattshed measure -- sh -c 'python train.py'."),
        (["cat a | wc -l"], 127, "write wattshed measure -- sh -c 'cat a | wc -l'."),
        (["source", "env.sh"], 127, "it belongs to a shell: write wattshed measure -- sh -c 'source env.sh'."),
        (["ulimit", "-n"], 127, "write wattshed measure -- sh -c 'ulimit -n'."),
        (["|", "wc"], 127, "it belongs to a shell"),
        (["~/train.sh"], 127, "write wattshed measure -- sh -c '~/train.sh'."),
        (["${HOME}/train.sh", "-x"], 127, "write wattshed measure -- sh -c '${HOME}/train.sh -x'."),
        (["--repeats", "3", "true"], 127, "options of wattshed come before --"),
        (["pythno3", "x.py"], 127, "did you mean python3"),
        (["./trian.sh"], 127, "did you mean ./train.sh?"),
        (["train.py"], 127, "it lies in this folder; write python train.py."),
        (["train.sh"], 127, "it lies in this folder; write ./train.sh."),
        (["./train.py"], 126, "or run it with python ./train.py."),
    ],
)  # fmt: skip
def test_words_that_are_not_a_command_are_answered_with_what_was_meant(folder, capsys, words, code, sentence):
    (folder / "train.py").touch()
    program(folder / "train.sh", "exit 0\n")
    before = sorted(folder.iterdir())
    assert main(["measure", "--", *words]) == code
    err = capsys.readouterr().err
    assert sentence in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert sorted(folder.iterdir()) == before


def test_an_unreadable_folder_on_path_is_passed_over(folder, monkeypatch):
    monkeypatch.setenv("PATH", f"/proc/1/task/none:/etc/passwd:{folder}")
    program(folder / "training", "exit 0\n")
    assert not_found(["trainign"]) == "trainign is not a command on this machine: did you mean training?"


def test_arguments_that_are_too_long_are_refused(folder):
    assert measure("true", "x" * 100_000)[0] == 0
    lines = "import sys; from wattshed.commands.main import entry; "
    lines += f"sys.argv = ['wattshed', *{MEASURE[3:]!r}, '--', 'true', 'x' * 200_000]; entry()"
    answer = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert answer.returncode == 126
    assert "Argument list too long" in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert len(list((folder / "ledgers").iterdir())) == 1, "that of the first command"


def test_the_files_that_a_shell_opened_reach_the_command(folder):
    """Such as those of ``<( )``, which the command gets as /dev/fd/63."""
    line = '"$@" -- cat <(echo one) <(echo two)'
    answer = subprocess.run(["bash", "-c", line, "bash", *MEASURE], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, "one\ntwo\n")


@pytest.mark.parametrize(
    "words", [["printf", "%s", "--"], ["echo", "--", "x"], ["sh", "-c", "echo $0 $1", "--", "y"]]
)
@pytest.mark.parametrize("separator", [[], ["--"]])
def test_the_commands_own_double_dash_is_kept(folder, words, separator):
    plain = subprocess.run(words, capture_output=True, text=True).stdout
    answer = subprocess.run([*MEASURE, *separator, *words], capture_output=True, text=True)
    assert answer.stdout == plain


def test_words_labels_and_variables_that_are_not_utf8_are_kept_readable(folder, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "caf\udce9")
    monkeypatch.setenv("WATTSHED_REGION", "")
    code, out, err = measure(
        "printf", "%s", "", "caf\udce9", "a\nb", options=["--label", "model=caf\udce9", "--json"]
    )
    assert code == 0, err
    event = start_event()
    assert event["labels"]["model"] == "caf\\xe9"
    assert event["labels"]["command"] == "printf %s  caf\\xe9 a\nb"
    assert event["batch_job"]["slurm_job_id"] == "caf\\xe9"
    assert json.loads(out[out.index("{") :])["exit_code"] == 0


def test_a_ledger_and_a_folder_whose_names_are_not_utf8_are_written(folder):
    place = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(place)
    code, _, err = measure("true", options=["--ledger", "a\udce9/b\n.jsonl"], cwd=place)
    assert code == 0, err
    assert os.listdir(place + b"/a\xe9") == [b"b\n.jsonl"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--idle-s", "-1"], "--idle-s -1.0: "),
        (["--idle-s", "nan"], "--idle-s nan: "),
        (["--idle-s", "1e9"], "--idle-s 1000000000.0: "),
        (["--cpu-power-w", "0"], "--cpu-power-w 0.0: "),
        (["--cpu-power-w", "inf"], "--cpu-power-w inf: "),
        (["--label", "command=x"], "expected another name"),
        (["--label", "seed=" + "9" * 5000], "expected a whole number for seed"),
        (["--ledger", ""], "is not the name of a file"),
        (["--ledger", "x/"], "is not the name of a file"),
        (["--ledger", "x" * 300], "cannot be written (File name too long)"),
        (["--ledger", "data/x.jsonl"], "cannot be written (File exists): expected a folder"),
        (["--country", "DE"], "did you mean DEU (Germany)?"),
        (["--country", "USA", "--region", "CA"], "did you mean california?"),
    ],
)
def test_options_without_a_meaning_are_one_sentence_and_nothing_is_left(folder, capsys, options, sentence):
    (folder / "data").touch()
    assert main(["measure", "--idle-s", "0", "--cpu-power-w", "50", *options, "--", "touch", "began"]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_a_user_without_a_name_and_without_a_home_measures(tmp_path):
    work = tmp_path / "work"
    work.mkdir(mode=0o777)
    os.chmod(work, 0o777)
    answer = run_as_nobody_known(["--", "sh", "-c", "id -u; exit 4"], work)
    assert (answer.returncode, answer.stdout) == (4, "54321\n"), answer.stderr
    assert len(list((work / "ledgers").iterdir())) == 1


def run_as_nobody_known(words, work):
    """Run the meter as a user that no file knows, in a folder that it reaches by being there already."""
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in Path(sys.executable).absolute().parents):
        pytest.skip("other users may not enter the folder of this checkout")
    line = 'cd "$1"; shift; exec "$@"'
    user = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    command = [
        "env",
        "-u",
        "HOME",
        "-u",
        "XDG_CACHE_HOME",
        "-u",
        "WATTSHED_IDLE_FOLDER",
        *user,
        *MEASURE,
        *words,
    ]
    return subprocess.run(["sh", "-c", line, "sh", str(work), *command], capture_output=True, text=True)


def test_a_folder_that_may_not_be_written_is_one_sentence(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    answer = run_as_nobody_known(["--", "touch", "/tmp/never-made"], work)
    assert answer.returncode == 2
    assert "cannot be written (Permission denied)" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_working_directory_that_is_gone_is_one_sentence(tmp_path):
    work = tmp_path / "gone"
    work.mkdir()
    line = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
    answer = subprocess.run(
        ["sh", "-c", line, "sh", str(work), *MEASURE, "--", "true"], capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert "cannot be written (No such file or directory)" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_default_ledgers_have_different_names_and_fit_every_file_system():
    names = {default_ledger("python").name for _ in range(50)}
    assert len(names) == 50
    assert all(platform.node()[:10] in name for name in names)
    longest = default_ledger("/" + "ü x" * 300).name
    assert len(longest) < 220
    assert longest.isascii()
    assert default_ledger("/bin/[").name.startswith("_-")
