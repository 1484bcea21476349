"""The arguments of ``wattshed clocks``."""

import argparse
from pathlib import Path
from typing import Any

from wattshed.commands.clocks.govern_command import add_govern
from wattshed.commands.clocks.reading_options import add_reading
from wattshed.commands.clocks.shares import DEFAULT_SLOWDOWN, share

RULES_EPILOG = """examples:
  wattshed clocks choose sweep.csv --max-slowdown 0.15 --metric energy --output clocks
  wattshed clocks choose logs/ --reader dcgm --marks marks.csv --gpu a100 --output clocks
  wattshed clocks choose mine.csv --columns clock_mhz=mhz --columns time_s=seconds --output clocks
  wattshed clocks choose sweep.csv --constraints plan --lowest 70% --least-saving 20% --output clocks --json

DIR gets report.html, choices.json, validation.json, deployment.json, runs.parquet, settings.csv, figures/ and
deployment/ (systemd units, SLURM prolog and epilog, monitoring). A setting is recommended only if its whole 95 %
interval keeps the limit, and gets commands only if independent code recomputes it from the raw rows.

exit codes: 0 a lower setting is recommended and passed validation; 1 none is within the limits, or a recommendation
failed validation; 2 an error; 3 none is shown to be, and for some GPU and workload it is undecided; 70 a defect of
wattshed."""
COMPARE_EPILOG = """examples:
  wattshed clocks compare january.csv june.csv --output compared      the same cells, setting by setting
  wattshed clocks compare clocks-a clocks-b                           two folders that clocks choose wrote
  wattshed clocks compare sweep.csv sweep.csv --before 1410 --after 1110 --output before-after

exit codes: without settings: 0 no difference is shown; 1 some GPU and workload differs; 3 undecided. With --before and
--after: 0 the energy is shown to fall everywhere; 1 it is shown to rise somewhere; 3 undecided. 2 an error; 70 a
defect of wattshed."""

PREDICT_EPILOG = """examples:
  wattshed clocks predict probes.csv                               three probes and nothing else: laws through them
  wattshed clocks predict probes.csv --from sweeps.csv             what other workloads teach, with an interval
  wattshed clocks predict probes.csv --from a.csv b.csv --max-slowdown 0.1 --settings 1410 1200 1005 --json

The probes are runs of one workload at one to three settings, the maximum among them. Hold such predictions against
docs/clock_prediction.md: with one probe they rarely beat the median optimum of other workloads.

exit codes: 0 a lower setting is predicted to save energy within the limit; 1 the maximum is the best; 2 an error; 70 a
defect of wattshed."""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "clocks",
        help="choose a GPU's clock from a recording; predict it from probes; compare two recordings",
        description="Which SM clock or power limit a recorded sweep recommends, how sure it is, and how to deploy it.",
    )
    parts = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_choose(parts)
    _add_compare(parts)
    _add_predict(parts)
    add_govern(parts)


def _add_choose(parts: Any) -> None:
    parser = parts.add_parser(
        "choose",
        help="the setting of least energy under a slowdown limit, validated, with a report",
        description="Read a recorded sweep, choose a setting per GPU and workload, validate it, and write a report.",
        epilog=RULES_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", type=Path, help="file or folder of a recorded sweep")
    add_reading(parser)
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--max-slowdown",
        metavar="SHARE",
        type=share,
        help=f"largest slowdown against the warm maximum: 0.15 or 15%% (default: {DEFAULT_SLOWDOWN}, or the plan's)",
    )
    limits.add_argument(
        "--metric", default=None, help="what is made least: energy, edp, ed2p, ... (default: energy)"
    )
    limits.add_argument("--rule", default=None, help="how the setting is picked (default: metric)")
    limits.add_argument(
        "--constraints",
        choices=("plan",),
        help="limits per workload: the plan's table; --max-slowdown and the others override it",
    )
    limits.add_argument(
        "--lowest", metavar="SHARE", type=share, help="lowest setting as a share of the maximum: 70%%"
    )
    limits.add_argument(
        "--highest", metavar="SHARE", type=share, help="highest setting as a share of the maximum"
    )
    limits.add_argument("--least-saving", metavar="SHARE", type=share, help="least energy saving: 20%%")
    limits.add_argument(
        "--stable", action="store_true", help="the neighbours of the setting must keep the limit too"
    )
    limits.add_argument("--seed", type=int, default=0, help="seed of the bootstrap (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--json", action="store_true", help="print choices, validation and deployment as JSON"
    )
    parser.set_defaults(run=_choose)


def _add_compare(parts: Any) -> None:
    parser = parts.add_parser(
        "compare",
        help="what differs between two recordings, or between two settings",
        description="Compare two recordings (or two folders that clocks choose wrote), the second against the first.",
        epilog=COMPARE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", type=Path, help="recording, or folder of clocks choose")
    parser.add_argument("second", type=Path, help="the same, later or elsewhere")
    add_reading(parser)
    parser.add_argument("--before", type=int, metavar="SETTING", help="setting of the first recording")
    parser.add_argument("--after", type=int, metavar="SETTING", help="setting of the second recording")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="folder for comparison.html, .pdf, .json and .csv"
    )
    parser.add_argument("--json", action="store_true", help="print the comparison as JSON")
    parser.set_defaults(run=_compare)


def _add_predict(parts: Any) -> None:
    parser = parts.add_parser(
        "predict",
        help="time and energy at every setting, from one to three probes of a new workload",
        description="Predict time and energy of a workload that was run at one to three settings only.",
        epilog=PREDICT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("probes", type=Path, help="recording of the probes, the maximum among them")
    add_reading(parser)
    parser.add_argument(
        "--from",
        dest="learn_from",
        type=Path,
        nargs="+",
        default=[],
        metavar="RECORDING",
        help="recorded sweeps of other workloads to learn from; three or more",
    )
    parser.add_argument(
        "--max-slowdown",
        metavar="SHARE",
        type=share,
        default=DEFAULT_SLOWDOWN,
        help="largest slowdown against the maximum: 0.15 or 15%% (default: %(default)s)",
    )
    parser.add_argument(
        "--settings",
        type=float,
        nargs="+",
        metavar="SETTING",
        help="settings to predict (default: the swept ones of the same GPU, or steps of 5 %%)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV to write")
    parser.add_argument("--json", action="store_true", help="print the prediction as JSON")
    parser.set_defaults(run=_predict)


def _choose(arguments: argparse.Namespace) -> int:
    # Imported here: pandas takes a second to load, and --help does not need it.
    from wattshed.commands.clocks.choose import run

    return run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from wattshed.commands.clocks.compare import run

    return run(arguments)


def _predict(arguments: argparse.Namespace) -> int:
    from wattshed.commands.clocks.predict import run

    return run(arguments)
