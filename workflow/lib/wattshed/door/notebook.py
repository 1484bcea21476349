"""A job that was started in a notebook's cell ends with the cell if that fails or is interrupted."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattshed.door.block.job import Job


def end_with_its_cell(job: Job) -> None:
    """Without this, a cell that is interrupted before its ``stop()`` would be metered until the kernel ends.

    A job that its cell leaves running on purpose goes on: its ``stop()`` may be in a later cell.
    """
    shell = _shell()
    if shell is None or threading.current_thread() is not threading.main_thread():
        return

    def after_cell(result: Any = None) -> None:
        shell.events.unregister("post_run_cell", after_cell)
        error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
        if isinstance(error, BaseException):
            job.stop(error)

    shell.events.register("post_run_cell", after_cell)


def _shell() -> Any:
    """IPython's shell if the program runs in one."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    try:
        shell = None if get is None else get()
    except Exception:
        return None
    return shell if hasattr(shell, "events") else None
