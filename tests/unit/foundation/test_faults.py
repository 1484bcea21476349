import errno

import pytest

from wattshed.foundation.faults import Fault, run_script


def test_a_fault_becomes_one_sentence_and_exit_code_2(capsys):
    def main(argv):
        raise Fault("the file x has no column y: add it.")

    assert run_script(main) == 2
    assert capsys.readouterr().err == "error: the file x has no column y: add it.\n"


def test_a_full_disk_is_told_in_one_sentence(capsys):
    def main(argv):
        raise OSError(errno.ENOSPC, "No space left on device", "results/x")

    assert run_script(main) == 2
    message = capsys.readouterr().err
    assert "disk is full" in message
    assert "results/x" in message
    assert message.count("\n") == 1


def test_our_own_defects_keep_their_traceback():
    def main(argv):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_script(main)
