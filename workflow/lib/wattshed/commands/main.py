"""The ``wattshed`` command: one subcommand per file of this room."""

import argparse
import sys
import traceback
from collections.abc import Sequence

from wattshed import __version__
from wattshed.commands import accounts, doctor, export, guard, measure
from wattshed.foundation.faults import FAULT_EXIT_CODE, Fault, run_script

# EX_SOFTWARE of sysexits.h: a defect of wattshed itself, so that a crash never reads as a finding.
DEFECT_EXIT_CODE = 70
# What the extra "study" brings; the core alone runs every command but export.
STUDY_PACKAGES = frozenset({"torch", "torch_geometric", "snakemake", "zstandard", "jinja2"})
DESCRIPTION = (
    "What commands and forecasting models cost: energy with its source, its interval and its carbon."
)
EXAMPLES = """examples:
  wattshed doctor                               which sensors work here, and what to do about the others
  wattshed measure -- python train.py meter any command; its exit code is kept
  wattshed accounts ledgers                     add up ledgers and CodeCarbon CSVs, print and write tables
  wattshed guard ledgers --baseline base.json   fail if energy per epoch or parameters have risen
  wattshed export CHECKPOINT --onnx FILE ...    a trained network for ONNX Runtime or OpenVINO, checked there

exit codes: 0 success; 1 a finding (guard: a regression; doctor: no energy can be known); 2 an error, reported in
one sentence; 3 too few pairs to decide (guard); 70 a defect of wattshed, with its traceback; measure returns the exit
code of its command."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="wattshed",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"wattshed {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (doctor, measure, accounts, guard, export):
        command.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code.

    Faults become one sentence and exit code 2; any other exception is a defect, printed with its traceback, and 70.
    """
    arguments = parser().parse_args(argv)
    codes: list[int] = []
    try:
        failed = run_script(lambda _: codes.append(_run(arguments)))
    except BrokenPipeError:
        raise
    except Exception:
        traceback.print_exc()
        return DEFECT_EXIT_CODE
    return failed or codes[0]


def _run(arguments: argparse.Namespace) -> int:
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


def entry() -> None:
    """What the installed ``wattshed`` calls."""
    try:
        raise SystemExit(main())
    except BrokenPipeError:
        # The reader of a pipe, such as head, has closed it.
        sys.stderr.close()
        raise SystemExit(FAULT_EXIT_CODE) from None
