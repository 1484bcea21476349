"""The arguments of ``wattshed clocks govern``."""

import argparse
from pathlib import Path
from typing import Any

from wattshed.commands.clocks.reading_options import add_reading
from wattshed.commands.clocks.shares import DEFAULT_SLOWDOWN, share

GOVERN_EPILOG = """examples:
  wattshed clocks govern power.csv --setting memory=1005 --setting idle=510      what it would have chosen on a log
  wattshed clocks govern dcgm.txt --rule plan --period-s 0.05 --setting memory=1005 --output decisions.csv
  sudo wattshed clocks govern --backend nvml --setting memory=1005 --progress done.txt -- python train.py

On a log no effect is claimed: the clock was another one then. With --backend nvml the command is started, the clock of
the GPU follows its phases, and is given back in every way out, by a watchdog if wattshed is killed. A phase without a
setting runs at the maximum. Sweep each phase alone to know its setting. NVML alone supports the rule utilisation.

--progress names a file to which the command appends a line per finished unit of work (a batch, a request). Throughput
comes from it: a phase that falls too far below what the maximum clock gives gets the maximum back. Without the file
there is no such guard.

exit codes: on a log 0; with --backend nvml that of the command; 2 an error; 70 a defect of wattshed."""


def add_govern(parts: Any) -> None:
    parser = parts.add_parser(
        "govern",
        help="a clock that follows the phases of a workload: on a power log, or on a real GPU",
        description="Tell the phases of a workload, and choose the clock of each as it comes.",
        usage="wattshed clocks govern LOG --setting PHASE=MHZ [options]\n"
        "       wattshed clocks govern --backend nvml --setting PHASE=MHZ [options] -- COMMAND [ARGUMENT ...]",
        epilog=GOVERN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "log", type=Path, nargs="?", metavar="LOG", help="power log of nvidia-smi or dcgmi dmon"
    )
    add_reading(parser)
    governor = parser.add_argument_group("governor")
    governor.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="PHASE=MHZ",
        help="clock of a phase: compute, memory, balanced or idle; repeatable",
    )
    governor.add_argument(
        "--rule",
        choices=("activity", "plan", "utilisation"),
        help="how a phase is told (default: activity where the log has it, else utilisation)",
    )
    governor.add_argument(
        "--max-slowdown",
        metavar="SHARE",
        type=share,
        default=DEFAULT_SLOWDOWN,
        help="time that the run may lose against the maximum: 0.15 or 15%% (default: %(default)s)",
    )
    governor.add_argument(
        "--window-s", type=float, metavar="S", help="window that tells the phase (default: 0.3)"
    )
    governor.add_argument(
        "--dwell-s",
        type=float,
        metavar="S",
        help="shortest time between two changes (default: 2, or a window)",
    )
    governor.add_argument(
        "--backend", choices=("nvml",), help="govern a real GPU while COMMAND runs; --gpu-index names it"
    )
    governor.add_argument(
        "--progress", type=Path, metavar="FILE", help="file that gets a line per finished unit of work"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV of the decisions to write")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(run=_govern)


def _govern(arguments: argparse.Namespace) -> int:
    from wattshed.commands.clocks.govern import run

    return run(arguments)
