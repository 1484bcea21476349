"""The governor on a real GPU while a command runs."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.backends.protocol import clock_given_back
from wattshed.clocks.governing.nvml_sampler import NvmlSampler
from wattshed.clocks.governing.replayed import planner_of
from wattshed.clocks.governing.run import Step, run_governor
from wattshed.commands.running.governed_command import GovernedCommand, LinesOf
from wattshed.commands.running.swept_command import check_program
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.foundation.faults import Fault, say

COLUMNS = ("gpu", "gpu_uuid", "at_s", "seen", "phase", "setting", "reason", "applied")
# A clock is read in steps of some MHz; single windows may fall into a change.
ABOVE, LEAST_WINDOWS = 1.02, 3


def govern_command(
    arguments: argparse.Namespace, block: GovernorBlock, keep: Callable[[pd.DataFrame], None]
) -> tuple[pd.DataFrame, int]:
    """One row per window, and the command's exit code.

    keep: takes the rows so far where a signal ends the run.

    Nothing is started and no clock is set if the right, the rule's columns or a legal clock is missing: a
    :class:`Fault` says so. One that comes later, as from the driver, gives the clock back; the command goes on without
    a governor, because its work is worth more than what the clock saves.
    """
    check_program(arguments.words)
    index = arguments.gpu_index or 0
    command = GovernedCommand(arguments.words)
    backend = NvmlClocks(NvmlBlock(gpu_index=index, settle_s=0), "clock")
    steps: list[Step] = []
    try:
        with clock_given_back(backend):
            legal = backend.settings()
            _check_legal(block, legal, backend.gpu)
            finished = LinesOf(arguments.progress) if arguments.progress else None
            sampler = NvmlSampler(index, block.window_s, running=command.runs, finished=finished)
            try:
                planner = planner_of(block, legal)
                run_governor(backend, sampler, planner, float(arguments.max_slowdown), steps)
            except Fault as fault:
                if not command.has_begun:
                    raise
                say(
                    f"{str(fault).rstrip('.')}; the clock is given back, and the command goes on without a "
                    "governor."
                )
                backend.reset()
                command.wait()
            finally:
                command.end()
                sampler.close()
    except (KeyboardInterrupt, SystemExit):
        keep(_table(steps, backend))
        raise
    if told := disobeyed(steps, backend.gpu, legal[-1]):
        say(told)
    return _table(steps, backend), command.wait()


def disobeyed(steps: Sequence[Step], gpu: str, maximum: int) -> str:
    """A sentence where the GPU mostly ran above the clock that was set; empty otherwise. It may rightly run below, as
    when it is idle or hot. maximum: at which nothing can be told."""
    held = [
        (step.decision.setting, step.applied)
        for step in steps
        if step.decision.reason in ("keep", "dwell")
        and step.applied is not None
        and step.decision.setting < maximum
    ]
    above = [(setting, applied) for setting, applied in held if applied > ABOVE * setting]
    if len(above) < LEAST_WINDOWS or 2 * len(above) < len(held):
        return ""
    setting, applied = above[-1]
    return (
        f"{gpu} does not obey: it ran at {applied} MHz where {setting} MHz was set, and above the lowered clock in "
        f"{len(above)} of {len(held)} windows; expected the clock that was set: end the other program that sets "
        "clocks, and do not count on any saving of this run."
    )


def _check_legal(block: GovernorBlock, legal: tuple[int, ...], gpu: str) -> None:
    wrong = [(phase, setting) for phase, setting in block.settings.items() if setting not in legal]
    if wrong:
        phase, setting = wrong[0]
        near = min(legal, key=lambda one: abs(one - setting))
        raise Fault(
            f"--setting {phase}={setting}: expected one of the {len(legal)} clocks of {gpu} from {legal[0]} to "
            f"{legal[-1]} MHz; the nearest is {near}."
        )


def _table(steps: list[Step], backend: NvmlClocks) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "gpu": backend.gpu,
            "gpu_uuid": backend.gpu_uuid,
            "at_s": step.decision.at_s,
            "seen": step.decision.seen,
            "phase": step.decision.phase,
            "setting": step.decision.setting,
            "reason": step.decision.reason,
            "applied": step.applied,
        }
        for step in steps
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
