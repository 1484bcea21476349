"""The ``wattshed`` command: one subcommand per file of this room or of ``law``. Only the called one is imported."""

import argparse
import importlib
import signal
import sys
import traceback
from collections.abc import Sequence

from wattshed import __version__
from wattshed.foundation.faults import Fault, forget_unwritten_output, run_script

# EX_SOFTWARE of sysexits.h: a defect of wattshed itself, so that a crash never reads as a finding.
DEFECT_EXIT_CODE = 70
# As a shell tells of a program that SIGPIPE ended, which is how other tools end when head has read enough.
UNREAD_EXIT_CODE = 128 + signal.SIGPIPE
# What the extra "study" brings; the core alone runs every command but export and calibrate.
STUDY_PACKAGES = frozenset({"torch", "torch_geometric", "snakemake", "zstandard", "jinja2"})
COMMANDS = (
    "doctor",
    "inspect",
    "measure",
    "accounts",
    "guard",
    "recommend",
    "clocks",
    "export",
    "sweep",
    "calibrate",
    "predict",
    "memory",
    "reproduce",
)
# Those of the energy law lie in a room of their own.
LAW_COMMANDS = frozenset({"calibrate", "predict", "reproduce"})
# Commands that end with another command line.
TAKES_COMMAND = (["measure"], ["sweep"])
# An action that may end with one, which only -- can begin: a word of its own comes before.
MAY_TAKE_COMMAND = ["clocks", "govern"]
# Ends wattshed's own options; what follows belongs to the measured command.
END_OF_OPTIONS = "--"
DESCRIPTION = (
    "What commands and forecasting models cost: energy with its source, its interval and its carbon."
)
EXAMPLES = """examples:
  wattshed doctor                               which sensors work here, and what to do about the others
  wattshed inspect load.csv                     what your own table is, and the block that reads it
  wattshed measure -- python train.py meter any command; its exit code is kept
  wattshed accounts ledgers                     add up ledgers and CodeCarbon CSVs, print and write tables
  wattshed guard ledgers --baseline base.json   fail if energy per epoch or parameters have risen
  wattshed recommend results/homes              which checkpoint to use for how many forecasts, and why
  wattshed clocks choose SWEEP --output DIR     which GPU clock to run at, validated, with a report
  wattshed export CHECKPOINT --onnx FILE ...    a trained network for ONNX Runtime or OpenVINO, checked there
  wattshed sweep -- ./forecast                  the GPU clock at which a command takes the least energy
  wattshed calibrate                            measure this device for a minute, for predictions before any training
  wattshed predict config/config.yaml           what each model of a study would cost, ranked; nothing is trained
  wattshed memory config/config.yaml            the memory that each training needs at every level, before it runs
  wattshed reproduce --honest                   the published numbers of the energy law, recomputed

exit codes: 0 success; 1 a finding (guard: a regression; doctor: no energy can be known; recommend, clocks choose:
nothing keeps the limits; clocks compare: a difference; sweep: the largest clock is best; memory: no level fits); 2 an
error, reported in one sentence; 3 undecided (guard, inspect, recommend, clocks, sweep); 70 a defect of wattshed, with
its traceback; 141 the reader of a pipe, such as head, has read enough; measure returns the exit code of its command."""


def parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of some or all subcommands, whose modules are imported for it."""
    top = argparse.ArgumentParser(
        prog="wattshed",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"wattshed {__version__}")
    parts = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in commands:
        room = "wattshed.commands.law" if name in LAW_COMMANDS else "wattshed.commands"
        importlib.import_module(f"{room}.{name}").add(parts)
    return top


def main(argv: Sequence[str] | None = None, *, ends_process: bool = False) -> int:
    """Run one subcommand and return its exit code.

    Faults become one sentence and exit code 2; any other exception is a defect, printed with its traceback, and 70.
    Where the reader of a pipe, such as ``head``, has read enough, nothing is said, and the code is 141.
    ends_process: the process ends when this returns, and nothing may replace its exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    codes: list[int] = []

    def run(_: Sequence[str] | None) -> None:
        codes.append(_run(words, ends_process))

    try:
        failed = run_script(run)
    except BrokenPipeError:
        return _unread(words, codes)
    except Exception:
        traceback.print_exc()
        return DEFECT_EXIT_CODE
    return failed or codes[0]


def _unread(words: list[str], codes: list[int]) -> int:
    """The exit code after a pipe was found closed: quiet if it is the one that is printed to, else a defect."""
    from wattshed.commands.printing.screen import reader_is_gone

    if not reader_is_gone():
        traceback.print_exc()
        return DEFECT_EXIT_CODE
    forget_unwritten_output()
    if codes and (words[:1] in TAKES_COMMAND or words[:2] == MAY_TAKE_COMMAND):
        # The code of the command that ran.
        return codes[0]
    return UNREAD_EXIT_CODE


def _called(arguments: argparse.Namespace) -> int:
    """What the subcommand returns; raises :class:`Fault` for one that needs packages beyond the core."""
    try:
        code: int = arguments.run(arguments)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in STUDY_PACKAGES:
            raise
        raise Fault(
            f"wattshed {arguments.command} needs {package}, which is not installed: the core of wattshed comes without "
            "it; run pip install 'wattshed[study]'."
        ) from error
    return code


def _run(words: list[str], ends_process: bool) -> int:
    own, rest = words, []
    if END_OF_OPTIONS in words:
        # argparse would take the command's own -- away in some versions of Python.
        place = words.index(END_OF_OPTIONS)
        own, rest = words[:place], words[place:]
    called = [name for name in COMMANDS if words[:1] == [name]]
    governs = words[:2] == MAY_TAKE_COMMAND
    if called not in TAKES_COMMAND and not governs:
        own, rest = words, []
    arguments = parser(called or COMMANDS).parse_args(own)
    if called in TAKES_COMMAND:
        # Without -- the first word that is not an option begins the command, which then may have its own --.
        arguments.words = [*arguments.words, *rest] if arguments.words else rest[1:]
    if governs:
        arguments.words = rest[1:]
    arguments.ends_process = ends_process
    return _called(arguments)


def entry() -> None:
    """What the installed ``wattshed`` calls."""
    try:
        code = main(ends_process=True)
    except BrokenPipeError:
        # Standard error is closed too, so that nothing can be said.
        code = UNREAD_EXIT_CODE
    except SystemExit as end:
        # Of --help, --version and a wrong word, whose text Python would else try to write once more.
        code = end.code if isinstance(end.code, int) else 0
    forget_unwritten_output()
    raise SystemExit(code)
