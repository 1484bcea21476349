"""``wattshed measure``: run any command and write its energy to a ledger."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from wattshed.commands.place import add_place, host_from
from wattshed.commands.summary import Summary
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.energy.window import Measurement, Window
from wattshed.foundation import vocabulary
from wattshed.foundation.faults import Fault

NOT_FOUND = 127
NOT_EXECUTABLE = 126
# Signals by which a user or a batch system ends or notifies a job.
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)
EXAMPLES = """examples:
  wattshed measure -- python train.py --epochs 3
  wattshed measure --country DEU --label model=gru --label seed=1 -- python train.py
  wattshed measure --repeats 10 --warm-up 1 --json -- ./forecast

The command keeps its terminal, its signals and its exit code. Its energy is that of the whole machine while it ran:
measure it alone. The ledger survives a kill; wattshed accounts adds ledgers up."""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "measure",
        help="run a command and write its energy to a ledger",
        description="Run a command under the meter; its exit code is kept and signals are passed on to it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="wattshed measure [options] -- COMMAND [ARGUMENT ...]",
    )
    parser.add_argument("--ledger", type=Path, help="ledger to write (default: ledgers/COMMAND-TIME.jsonl)")
    parser.add_argument(
        "--repeats", type=int, default=1, help="runs to measure, for a mean and interval (default: 1)"
    )
    parser.add_argument(
        "--warm-up", type=int, default=0, help="runs before them that are not counted (default: 0)"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="kept with the run; model, seed, data_country, season and the like become columns of the accounts",
    )
    parser.add_argument(
        "--idle-s",
        type=float,
        default=MeteringBlock().idle_s,
        help="seconds of idle power to measure first if none is kept for this host; 0 for none (default: %(default)s)",
    )
    add_place(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the summary as one JSON line on stdout at the end"
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if not words:
        raise Fault("no command was given: expected it after --, as in wattshed measure -- python train.py.")
    if arguments.repeats < 1 or arguments.warm_up < 0:
        raise Fault(
            f"--repeats {arguments.repeats} --warm-up {arguments.warm_up}: expected at least one repeat and no "
            "negative warm-up."
        )
    unfit = _unfit(words[0])
    if unfit:
        return unfit
    host = host_from(arguments)
    ledger = arguments.ledger or _default_ledger(words[0])
    if ledger.exists():
        raise Fault(
            f"{ledger} exists: a ledger is never overwritten; name another with --ledger or move it away."
        )
    metering = MeteringBlock(idle_s=arguments.idle_s)
    labels = _labels(arguments.label)
    with metered_job(
        ledger,
        stage=vocabulary.Stage.COMMAND,
        job=ledger.stem,
        labels={**labels, "command": " ".join(words)},
        metering=metering,
        host=host,
    ) as meter:
        exit_code, windows = _run_all(words, meter, arguments)
        meter.exited(exit_code)
    intensity = yearly_intensity(Location(host.country_iso, host.region))
    summary = Summary(Measurement(windows), meter, intensity, ledger, exit_code)
    print(textwrap.dedent(summary.text()), file=sys.stderr)
    if arguments.json:
        print(json.dumps(summary.to_json()), flush=True)
    return exit_code


def _run_all(words: list[str], meter: Meter, arguments: argparse.Namespace) -> tuple[int, list[Window]]:
    """Exit code and measured windows; a failed run is the last one, and is measured too."""
    windows: list[Window] = []
    for _ in range(arguments.warm_up):
        if exit_code := _run_once(words):
            return exit_code, windows
    for trial in range(1, arguments.repeats + 1):
        if arguments.repeats > 1 and sys.stderr.isatty():
            print(f"wattshed: run {trial} of {arguments.repeats}", file=sys.stderr)
        with meter.window(vocabulary.Window.COMMAND, trial=trial) as window:
            exit_code = _run_once(words)
            window.values["exit_code"] = exit_code
        windows.append(window)
        if exit_code:
            break
    return exit_code, windows


def _run_once(words: list[str]) -> int:
    """Exit code as in a shell: 128 + n for a command that signal n ended."""
    with _signals_passed_on() as children:
        process = subprocess.Popen(words)
        children.append(process)
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_passed_on() -> Iterator[list[subprocess.Popen[bytes]]]:
    """While the block runs, signals are passed on to the command instead of ending the measurement."""
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        # In a terminal, the keyboard's signals have already reached the command.
        if number in (signal.SIGINT, signal.SIGQUIT) and sys.stdin is not None and sys.stdin.isatty():
            return
        for child in children:
            if child.poll() is None:
                child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unfit(word: str) -> int:
    """0, or the shell's exit code for a command that cannot run, printed before anything is measured."""
    if shutil.which(word):
        return 0
    if Path(word).is_file():
        print(
            f"error: {word} may not be executed: make it executable with chmod +x, or name its program.",
            file=sys.stderr,
        )
        return NOT_EXECUTABLE
    print(f"error: {word} is not a command on this machine: check its name and PATH.", file=sys.stderr)
    return NOT_FOUND


def _default_ledger(word: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(word).name) or "command"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return Path("ledgers") / f"{name}-{moment}-{os.getpid()}.jsonl"


def _labels(pairs: list[str]) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise Fault(f"--label {pair!r}: expected NAME=VALUE, such as model=gru.")
        if name in ("seed", "epoch"):
            try:
                labels[name] = int(value)
            except ValueError as error:
                raise Fault(f"--label {pair!r}: expected a whole number for {name}.") from error
        else:
            labels[name] = value
    return labels
