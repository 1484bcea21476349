import errno
import os
import subprocess
import sys
from pathlib import Path
from shlex import quote

import pytest

import wattshed
from wattshed.foundation import plugins
from wattshed.foundation.faults import TERMINAL, Fault, run_script


def test_a_fault_becomes_one_sentence_and_exit_code_2(capsys):
    def main(argv):
        raise Fault("the file x has no column y: add it.")

    assert run_script(main) == 2
    assert capsys.readouterr().err == "error: the file x has no column y: add it.\n"


def test_a_full_disk_is_reported_in_one_sentence(capsys):
    def main(argv):
        raise OSError(errno.ENOSPC, "No space left on device", "results/x")

    assert run_script(main) == 2
    message = capsys.readouterr().err
    assert "disk is full" in message
    assert "results/x" in message
    assert message.count("\n") == 1


def test_an_interrupted_script_says_how_to_continue(capsys):
    def main(argv):
        raise KeyboardInterrupt

    assert run_script(main) == 130
    assert capsys.readouterr().err.startswith("interrupted: run the same command again to continue")


def test_unexpected_exceptions_keep_their_traceback():
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_script(main)


@pytest.mark.parametrize(
    "error",
    ["KeyError('rank')", "OSError(2, 'No such file', 'x')", "ValueError('one\\ntwo')", "SystemExit(0)"],
)
def test_a_defect_of_an_own_plugin_is_one_sentence_after_its_traceback(own_plugin, capsys, error):
    file = own_plugin("mine", f"def fail():\n    raise {error}\n\n\nSTRATEGY = fail\n")

    def main(argv):
        plugins.load("strategy", "mine")()

    assert run_script(main) == 2
    *trace, sentence = capsys.readouterr().err.splitlines()
    assert trace[0].startswith("Traceback")
    kind = error.partition("(")[0].replace("OSError", "FileNotFoundError")
    assert sentence.startswith(f"error: the plug-in {file}, line 2, failed ({kind}: ")
    assert sentence.endswith("): correct the file.")


def test_a_message_goes_to_the_terminal_if_the_log_is_full(tmp_path):
    """/dev/full refuses every byte, as the log on a full disk does."""
    script = tmp_path / "script.py"
    script.write_text(
        "from wattshed.foundation.faults import Fault, run_script\n"
        "def main(argv):\n    print('x' * 100_000)\n    raise Fault('the panel is empty: fill it.')\n"
        "raise SystemExit(run_script(main))\n"
    )
    library = str(Path(wattshed.__file__).parents[1])
    shell = f"exec 3>&2; {quote(sys.executable)} {quote(str(script))} > /dev/full 2>&1"
    environment = {**os.environ, "PYTHONPATH": library, TERMINAL: "3"}
    answer = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, text=True)
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: the disk is full")
    assert answer.stderr.count("\n") == 1
