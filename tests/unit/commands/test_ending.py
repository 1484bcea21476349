"""A command ends with all that it has started, also where it will not, and also where the user is impatient."""

import os
import subprocess

import psutil
import pytest

from wattshed.commands.running import ending
from wattshed.commands.running.ending import end_process

# A shell and a program of its own; both say that they are there, and neither heeds SIGTERM.
STUBBORN = "trap '' TERM; sh -c 'echo $$; exec cat /dev/zero > /dev/null'; true"
POLITE = "sh -c 'echo $$; exec cat /dev/zero > /dev/null'; true"


@pytest.fixture
def started():
    """Starts a shell; returns its process and that of the program it started."""
    shells = []

    def started(script):
        shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True)
        shells.append(shell)
        return shell.pid, psutil.Process(int(shell.stdout.readline()))

    yield started
    for shell in shells:
        shell.stdout.close()
        shell.poll()


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(("script", "within_s"), [(POLITE, 60), (STUBBORN, 0.0)])
def test_a_shell_and_what_it_started_end(started, script, within_s):
    shell, program = started(script)
    end_process(shell, within_s)
    assert has_ended(program)
    with pytest.raises(ChildProcessError):
        os.waitpid(shell, os.WNOHANG)


def test_an_interrupt_kills_at_once_and_goes_on(started, monkeypatch):
    shell, program = started(STUBBORN)
    sleep, slept = ending.time.sleep, []

    def interrupted_once(seconds):
        slept.append(seconds)
        if len(slept) == 1:
            raise KeyboardInterrupt
        sleep(seconds)

    monkeypatch.setattr(ending.time, "sleep", interrupted_once)
    monkeypatch.setattr(ending, "KILLED_WITHIN_S", 60)
    with pytest.raises(KeyboardInterrupt):
        end_process(shell, 600)
    assert has_ended(program)


def test_a_command_that_has_ended_is_no_error():
    shell = subprocess.Popen(["true"])
    shell.wait()
    end_process(shell.pid, 60)
