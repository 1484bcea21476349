"""Ending a command that runs, with all that it has started."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

LOOKS_EVERY_S = 0.02
KILLED_WITHIN_S = 0.5


def end_process(child: int, within_s: float) -> None:
    """Ask a child of this process and its descendants to end, and kill what is left after ``within_s`` seconds.

    A shell that is ended leaves the programs that it started; so each one is asked. A further signal, such as a second
    Ctrl-C, kills them at once. What has left its parent before, as a daemon does, is not known here.
    """
    family = _family(child)
    try:
        _send(family, signal.SIGTERM)
        # A process that stands still hears nothing until it goes on.
        _send(family, signal.SIGCONT)
        _wait(child, family, within_s)
    finally:
        # What was started in the meantime is known only through those that still run.
        family += [later for one in family for later in _children(one)]
        _send(family, signal.SIGKILL)
        # One that hangs in a driver cannot even be killed, and must not keep the clock from its reset.
        _wait(child, family, KILLED_WITHIN_S)


def _family(child: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(child)
    except psutil.Error:
        return []
    return [root, *_children(root)]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _send(family: Iterable[psutil.Process], number: int) -> None:
    for process in family:
        try:
            process.send_signal(number)  # only if the id is still that process's
        except psutil.Error:
            continue


def _wait(child: int, family: Iterable[psutil.Process], within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        with suppress(ChildProcessError):  # collected before
            os.waitpid(child, os.WNOHANG)
        if not any(_runs(one) for one in family):
            return
        time.sleep(LOOKS_EVERY_S)
