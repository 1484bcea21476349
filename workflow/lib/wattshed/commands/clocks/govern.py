"""``wattshed clocks govern``: the governor over a power log, or over a real GPU while a command runs."""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd

from wattshed.clocks.governing.replayed import replay_governor
from wattshed.clocks.phases.rule import require_columns
from wattshed.clocks.phases.rules import RULES
from wattshed.clocks.phases.windows import recorded_columns
from wattshed.commands.clocks.recordings import pairs, power_log
from wattshed.commands.options.place import first_message
from wattshed.commands.output_place import writing
from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.commands.running.live_governor import govern_command
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.foundation.faults import FAULT_EXIT_CODE, Fault, say
from wattshed.foundation.writing import whole_file

# What NVML can tell.
LIVE_RULE = "utilisation"
OPTIONS = {
    "clocks.governor.settings": "--setting",
    "clocks.governor.window_s": "--window-s",
    "clocks.governor.period_s": "--period-s",
    "clocks.governor.rule": "--rule",
}
# Reasons of a window after which the clock stayed.
UNCHANGED = ("start", "keep", "dwell")
RICHEST_RULE = "activity"
NO_EFFECT = (
    "no effect is claimed: the log was recorded at another clock, and what a lower one costs is not in it"
)
MEASURED = "the clock was set; what it saved was not measured: compare with a run at the maximum"


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    with option_names():
        if arguments.backend is None:
            block, table = _over_log(arguments)
            code, claim = 0, NO_EFFECT
        else:
            block = governor_block(arguments, LIVE_RULE)
            try:
                table, code = govern_command(arguments, block, lambda rows: _write(rows, arguments))
            except SystemExit as end:
                say("stopped: the command was ended, and the clock was given back.")
                return end.code if isinstance(end.code, int) else FAULT_EXIT_CODE
            claim = MEASURED
    _write(table, arguments)
    summary = summary_of(table, block, claim)
    if arguments.json:
        print(json.dumps(summary, indent=2, allow_nan=False))
    else:
        _print(summary)
    return code


def _write(table: pd.DataFrame, arguments: argparse.Namespace) -> None:
    if arguments.output:
        with writing(arguments.output, "--output"), whole_file(arguments.output) as temporary:
            table.to_csv(temporary, index=False)


def _check(arguments: argparse.Namespace) -> None:
    live = arguments.backend is not None
    if live == (arguments.log is not None):
        raise Fault(
            "clocks govern: expected a power LOG, or --backend nvml and a command after --; give one of the two."
        )
    if live and not arguments.words:
        raise Fault("--backend nvml: expected -- and the command whose phases the clock shall follow.")
    if not live and (arguments.words or arguments.progress):
        what = "a command" if arguments.words else "--progress"
        raise Fault(f"{what} belongs to --backend nvml, but a log is given; remove one of them.")


def _over_log(arguments: argparse.Namespace) -> tuple[GovernorBlock, pd.DataFrame]:
    # Before the log is read, which may take long.
    governor_block(arguments, RICHEST_RULE)
    samples = power_log(arguments.log, arguments)
    block = governor_block(arguments, arguments.rule or _rule_for(samples))
    return block, replay_governor(samples, (), float(arguments.max_slowdown), block, where=str(arguments.log))


def _rule_for(samples: pd.DataFrame) -> str:
    """The rule that tells most by what was recorded."""
    try:
        require_columns(RULES[RICHEST_RULE], recorded_columns(samples), "the log")
    except Fault:
        return LIVE_RULE
    return RICHEST_RULE


def summary_of(table: pd.DataFrame, block: GovernorBlock, claim: str) -> dict[str, Any]:
    """Windows of each phase, time at each setting, and changes of the clock, over all GPUs and workloads of a log."""
    held = table.groupby("setting").size() * block.window_s
    return {
        "rule": block.rule,
        "window_s": block.window_s,
        "windows": len(table),
        "phases": {str(name): int(count) for name, count in table["phase"].value_counts().items()},
        "held_s": {str(setting): float(seconds) for setting, seconds in held.items()},
        "changes": int((~table["reason"].isin(UNCHANGED)).sum()),
        "guard_fired": int((table["reason"] == "guard").sum()),
        "claim": claim,
    }


def _print(summary: Mapping[str, Any]) -> None:
    console = open_console()
    phases = plain_table(f"Phases by the rule {summary['rule']}", "phase", "windows", numeric=("windows",))
    for name, count in summary["phases"].items():
        phases.add_row(name, str(count))
    held = plain_table("Clocks", "MHz", "held, s", numeric=("MHz", "held, s"))
    for setting, seconds in summary["held_s"].items():
        held.add_row(setting, f"{seconds:.1f}")
    console.print(phases)
    console.print(held)
    console.print(
        f"{summary['changes']} changes of the clock; the guard fired {summary['guard_fired']} times. "
        f"{summary['claim'][0].upper()}{summary['claim'][1:]}.",
        markup=False,
    )


def governor_block(arguments: argparse.Namespace, rule: str) -> GovernorBlock:
    """rule: the one to take if ``--rule`` names none. Raises :class:`Fault` with the option that is wrong."""
    named = pairs(arguments.setting, "--setting")
    if not named:
        raise Fault("--setting: expected the clock of at least one phase, such as --setting memory=1005.")
    settings: dict[str, int] = {}
    for phase, text in named.items():
        if not text.isdecimal() or not int(text):
            raise Fault(f"--setting {phase}={text}: expected whole MHz above 0, such as {phase}=1005.")
        settings[phase] = int(text)
    given: dict[str, Any] = {"rule": arguments.rule or rule, "settings": settings}
    if arguments.window_s is not None:
        given["window_s"] = arguments.window_s
        default = GovernorBlock.model_fields["dwell_s"].default
        given["dwell_s"] = max(default, arguments.window_s)
    if arguments.dwell_s is not None:
        given["dwell_s"] = arguments.dwell_s
    try:
        return GovernorBlock(**given)
    except ValueError as error:
        place = error.errors()[0]["loc"] if hasattr(error, "errors") else ()
        option = OPTIONS.get(f"clocks.governor.{place[0]}", "--dwell-s") if place else "--dwell-s"
        raise Fault(f"{option}: {first_message(error)}.") from error


@contextmanager
def option_names() -> Iterator[None]:
    """Sentences name keys of a study; on the command line they are options."""
    try:
        yield
    except Fault as fault:
        text = str(fault)
        for key, option in OPTIONS.items():
            text = text.replace(key, option)
        if text == str(fault):
            raise
        raise Fault(text) from fault
