"""A job that was started in a notebook's cell, in IPython's shell or a stand-in with its events."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from door_programs import ledgers, only_ledger, run
from wattshed import metered


class Shell:
    """IPython's events as its documentation states them; a cell is a function."""

    def __init__(self):
        self._callbacks = {}
        self.events = self

    def register(self, event, callback):
        self._callbacks.setdefault(event, []).append(callback)

    def unregister(self, event, callback):
        self._callbacks[event].remove(callback)

    def run_cell(self, cell):
        result = SimpleNamespace(error_in_exec=None, error_before_exec=None)
        try:
            cell()
        except BaseException as error:
            result.error_in_exec = error
        for callback in list(self._callbacks.get("post_run_cell", ())):
            callback(result)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


def test_a_cell_that_runs_twice_gives_two_ledgers(shell, tmp_path):
    def cell():
        job = metered("x", quiet=True).start()
        job.stop()

    shell.run_cell(cell)
    shell.run_cell(cell)
    assert len(ledgers(tmp_path)) == 2


def test_a_cell_that_is_interrupted_ends_what_it_started(shell, tmp_path):
    jobs = []

    def cell():
        jobs.append(metered("x", quiet=True).start())
        raise KeyboardInterrupt

    shell.run_cell(cell)
    assert not jobs[0].running
    assert only_ledger(tmp_path)[-1]["reason"] == "interrupted"
    shell.run_cell(cell)
    assert len(ledgers(tmp_path)) == 2


def test_a_job_goes_on_over_cells_until_it_is_stopped_even_if_a_later_cell_fails(shell, tmp_path):
    jobs = []
    shell.run_cell(lambda: jobs.append(metered("x", quiet=True).start()))
    shell.run_cell(lambda: 1 / 0)
    assert jobs[0].running
    shell.run_cell(lambda: jobs[0].stop())
    assert only_ledger(tmp_path)[-1]["outcome"] == "finished"


def test_a_program_that_has_ipython_loaded_but_no_shell_is_metered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    metered("x", quiet=True).start().stop()
    assert only_ledger(tmp_path)[-1]["outcome"] == "finished"


@pytest.mark.skipif(importlib.util.find_spec("IPython") is None, reason="IPython is not installed")
def test_ipythons_own_shell_calls_at_the_end_of_a_cell(tmp_path):
    program = """
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        shell.run_cell("from wattshed import metered")
        shell.run_cell("job = metered('x', quiet=True).start(); raise KeyboardInterrupt")
        shell.run_cell("print(job.running, job.outcome)")
        shell.run_cell("job = metered('x', quiet=True).start(); job.stop()")
        shell.run_cell("print(job.running, job.outcome)")
    """
    out, _ = run(program, tmp_path)
    assert "False stopped" in out
    assert "False finished" in out
    assert len(ledgers(tmp_path)) == 2
