"""``wattshed sweep``: the GPU clock, or power limit, at which a command takes the least energy."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.commands.options.place import first_message
from wattshed.foundation.faults import FAULT_EXIT_CODE, Fault, say

if TYPE_CHECKING:
    from wattshed.config.clocks.block import ClocksBlock

EXAMPLES = """examples:
  wattshed sweep -- python infer.py                       the first GPU, up to 5 % slower than at its largest clock
  wattshed sweep --gpu 1 --max-slowdown 10% --budget-s 1800 -- ./forecast --once
  wattshed sweep --knob power_limit --output sweeps/training -- python train.py --epochs 1
  wattshed sweep --backend simulated -- sleep 0.1         how it works, on a machine without a GPU

The command is run again and again, at one clock after another, in random order and with the largest clock in between:
first at clocks over the whole range, then where it tells most, until the best one is known or the budget is spent. A
window lasts 5 s, in which a shorter command is repeated. Locking clocks needs root or CAP_SYS_ADMIN. The clock is
reset in every way out. A sweep that was killed goes on with the points kept if the same command line is given again;
--resume goes on with a finished one, for more points or under other limits. Its folder holds sweep.parquet and
sweep.csv (one row per window), choice.json, the journal, the ledger, and command.log with what the last call printed.

With --backend simulated the command is run once, and time and energy are invented: they show the method.

exit codes: 0 a lower setting is recommended; 1 none saves energy within the limit: keep the largest; 2 an error;
3 undecided, or the sweep cannot be trusted; 70 a defect of wattshed."""

KEEP_EXIT_CODE, UNDECIDED_EXIT_CODE = 1, 3
# Options by the keys of the clocks block that they set.
OPTIONS = {
    "backend": "--backend",
    "points": "--points",
    "repeats": "--repeats",
    "min_point_s": "--window-s",
    "max_slowdown_share": "--max-slowdown",
    "seed": "--seed",
    "gpu_index": "--gpu",
    "knob": "--knob",
    "rule": "--rule",
    "path": "--recording",
    "most_s": "--budget-s",
}


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "sweep",
        help="find the GPU clock at which a command takes the least energy",
        description="Run a command at many clocks (or power limits) of a GPU and choose one, with its uncertainty.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="wattshed sweep [options] -- COMMAND [ARGUMENT ...]",
    )
    add_what(parser)
    add_how(parser)
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    parser.set_defaults(run=run)


def add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend",
        default="nvml",
        metavar="NAME",
        help="nvml: the real GPU; simulated: an invented one; replay: a recorded sweep; or one of --plugins "
        "(default: %(default)s)",
    )
    parser.add_argument("--gpu", type=int, metavar="N", help="NVML's index of the GPU (default: 0)")
    parser.add_argument(
        "--knob",
        choices=("auto", "clock", "power_limit"),
        default="auto",
        help="what is set: the SM clock; the power limit; or auto, the clock where that is allowed (default: auto)",
    )
    parser.add_argument(
        "--max-slowdown",
        metavar="SHARE",
        default="5%",
        help="largest accepted slowdown against the largest setting, such as 5%% or 0.05 (default: 5%%)",
    )
    parser.add_argument("--rule", metavar="NAME", default="least_energy", help="by which rule is chosen")
    parser.add_argument("--recording", metavar="FILE", help="recorded sweep, with --backend replay")
    parser.add_argument("--recorded-gpu", metavar="NAME", help="which GPU of the recording")
    parser.add_argument("--recorded-workload", metavar="NAME", help="which workload of the recording")
    parser.add_argument(
        "--plugins", type=Path, nargs="+", default=[], metavar="FILE", help="files with back ends of your own"
    )


def add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget-s", type=float, metavar="S", help="most seconds of measurement, over all starts"
    )
    parser.add_argument(
        "--full", action="store_true", help="no search: --repeats windows at each of --points settings"
    )
    parser.add_argument("--points", type=int, metavar="N", help="settings to begin with (default: 12)")
    parser.add_argument(
        "--repeats", type=int, metavar="N", help="warm windows per setting, at most in a search (default: 5)"
    )
    parser.add_argument("--window-s", type=float, metavar="S", help="shortest window (default: 5)")
    parser.add_argument("--seed", type=int, metavar="N", help="of the order and the bootstrap (default: 0)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default: sweeps/COMMAND")
    parser.add_argument("--label", metavar="TEXT", help="name of the workload (default: the command line)")
    parser.add_argument("--idle-s", type=float, metavar="S", help="seconds of idle power to measure first")
    parser.add_argument("--keep-output", action="store_true", help="keep what all calls print in command.log")
    parser.add_argument("--resume", action="store_true", help="go on with the finished sweep of --output")
    parser.add_argument("--json", action="store_true", help="print the choice as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    from wattshed.commands.running.sweeping import CommandSweep, exit_code_of
    from wattshed.foundation.extending.own_files import use_own_plugins

    words = list(arguments.words)
    if not words and arguments.backend != "replay":
        raise Fault("no command was given: expected it after --, as in wattshed sweep -- python infer.py.")
    for file in arguments.plugins:
        if not file.is_file():
            raise Fault(f"{file} does not exist: name the plug-in's file after --plugins.")
    if arguments.plugins:
        use_own_plugins(arguments.plugins)
    if arguments.budget_s is not None and not 0 < arguments.budget_s < math.inf:
        raise Fault(f"--budget-s {arguments.budget_s:g}: expected seconds above 0, such as 1800.")
    sweep = CommandSweep(
        words=words,
        block=block_of(arguments),
        output=arguments.output,
        name=arguments.label or " ".join(words),
        budget_s=arguments.budget_s,
        resumes=arguments.resume,
        keeps_output=arguments.keep_output,
        idle_s=arguments.idle_s,
    )
    try:
        choices = sweep.run(as_json=arguments.json)
    except SystemExit as end:
        # SIGTERM, after which the clock was reset.
        say("stopped: run the same command again to go on; the points measured so far are kept.")
        return end.code if isinstance(end.code, int) else FAULT_EXIT_CODE
    return exit_code_of(choices, keep=KEEP_EXIT_CODE, undecided=UNDECIDED_EXIT_CODE)


def block_of(arguments: argparse.Namespace) -> ClocksBlock:
    """The clocks block that the options describe; raises :class:`Fault` with the option that is wrong."""
    from wattshed.commands.recommend import read_share
    from wattshed.config.clocks.block import ClocksBlock

    share = read_share(arguments.max_slowdown, "--max-slowdown")
    given: dict[str, Any] = {"backend": arguments.backend, "max_slowdown_share": share}
    for key, value in (
        ("points", arguments.points),
        ("repeats", arguments.repeats),
        ("min_point_s", arguments.window_s),
        ("seed", arguments.seed),
    ):
        if value is not None:
            given[key] = value
    given["knob"] = arguments.knob
    if arguments.full:
        given["search"] = {"kind": "full"}
    if arguments.gpu is not None:
        given["nvml"] = {"gpu_index": arguments.gpu}
    if arguments.knob != "auto" and arguments.backend == "simulated":
        given["simulated"] = {"knob": arguments.knob}
    if arguments.rule != "least_energy":
        given["choice"] = {"rule": arguments.rule}
    if arguments.backend == "replay":
        given["replay"] = {
            "path": arguments.recording,
            "gpu": arguments.recorded_gpu,
            "workload": arguments.recorded_workload,
        }
        if not all(given["replay"].values()):
            raise Fault(
                "--backend replay: expected --recording FILE, --recorded-gpu NAME and --recorded-workload NAME; give "
                "all three."
            )
    try:
        return ClocksBlock(**given)
    except ValueError as error:
        place = error.errors()[0]["loc"] if hasattr(error, "errors") else ()
        option = OPTIONS.get(str(place[-1]) if place else "", "")
        raise Fault(f"{option + ': ' if option else ''}{first_message(error)}.") from error
