"""``wattshed guard``: has a model's energy or size risen above its baseline?"""

import argparse
import json
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault
from wattshed.statistics.levels import ALPHA, RUN_SPREAD_PERCENT

EXAMPLES = """examples:
  wattshed guard results/homes/ledger --baseline energy-baseline.json --update   write the baseline
  wattshed guard results/homes/ledger --baseline energy-baseline.json            compare with it
  wattshed guard results/homes/ledger --baseline energy-baseline.json --tolerance-percent 5 --json

exit codes: 0 nothing has risen; 1 an energy or a parameter count has risen; 2 an error; 3 too few pairs or
runs to decide; 70 a defect of wattshed. A model whose energies are unknown is named and not compared.
The jobs' own energies are compared epoch by epoch and seed by seed on log ratios, one-sided, all models as one family.
Epochs beside which other programs took more than a tenth of the busy time are left out. With fewer than
three runs a side, a rise that whole runs may have by themselves (--run-spread-percent) decides nothing."""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "guard",
        help="fail if the energy per epoch or the number of parameters has risen above a baseline",
        description="Compare the energy per epoch and the parameter counts of ledgers with a stored baseline.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="folder of ledgers")
    parser.add_argument(
        "--baseline", type=Path, required=True, metavar="FILE", help="baseline to compare with"
    )
    parser.add_argument("--update", action="store_true", help="write the baseline from these ledgers instead")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--net",
        action="store_true",
        help="compare the machine's energies above idle instead of the jobs' own",
    )
    which.add_argument(
        "--machine", action="store_true", help="compare the machine's energies instead of the jobs' own"
    )
    parser.add_argument(
        "--tolerance-percent",
        type=float,
        default=0.0,
        metavar="X",
        help="fail only if an energy has risen by more than X %% with confidence (default: %(default)s)",
    )
    parser.add_argument(
        "--run-spread-percent",
        type=float,
        default=RUN_SPREAD_PERCENT,
        metavar="X",
        help="how much whole runs of the same work differ on this machine (standard deviation); counts with fewer than "
        "three runs a side, which cannot show it (default: %(default)s)",
    )
    parser.add_argument(
        "--alpha",
        type=float,
        default=ALPHA,
        help="share of false alarms over all models (default: %(default)s)",
    )
    parser.add_argument(
        "--allow-other-machine",
        action="store_true",
        help="compare even if the machine or the sensors are not the baseline's",
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    # Imported here: pandas takes a second to load, and --help does not need it.
    from wattshed.accounts.guard.verdicts import guard

    if arguments.update and not arguments.baseline.parent.is_dir():
        raise Fault(f"{arguments.baseline.parent} is not a folder: make it, or name another --baseline.")
    report = guard(
        arguments.folder,
        arguments.baseline,
        update=arguments.update,
        energy="net" if arguments.net else "machine" if arguments.machine else "own",
        tolerance_percent=arguments.tolerance_percent,
        run_spread_percent=arguments.run_spread_percent,
        alpha=arguments.alpha,
        allow_other_machine=arguments.allow_other_machine,
    )
    if arguments.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print("\n".join(report.lines()))
    return report.exit_code
