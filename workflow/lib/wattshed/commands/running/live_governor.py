"""The governor on a real GPU while a command runs."""

import argparse
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


def govern_command(arguments: argparse.Namespace, block: GovernorBlock) -> tuple[pd.DataFrame, int]:
    """One row per window, and the command's exit code.

    Nothing is started and no clock is set if the right, the rule's columns or a legal clock is missing: a
    :class:`Fault` says so. One that comes later, as from the driver, gives the clock back; the command goes on without
    a governor, because its work is worth more than what the clock saves.
    """
    check_program(arguments.words)
    index = arguments.gpu_index or 0
    command = GovernedCommand(arguments.words)
    backend = NvmlClocks(NvmlBlock(gpu_index=index, settle_s=0), "clock")
    steps: list[Step] = []
    with clock_given_back(backend):
        legal = backend.settings()
        _check_legal(block, legal, backend.gpu)
        finished = LinesOf(arguments.progress) if arguments.progress else None
        sampler = NvmlSampler(index, block.window_s, running=command.runs, finished=finished)
        try:
            steps = run_governor(backend, sampler, planner_of(block, legal), float(arguments.max_slowdown))
        except Fault as fault:
            if not command.has_begun:
                raise
            say(
                f"{str(fault).rstrip('.')}; the clock is given back, and the command goes on without a governor."
            )
            backend.reset()
            command.wait()
        finally:
            command.end()
            sampler.close()
    return _table(steps, backend), command.wait()


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
