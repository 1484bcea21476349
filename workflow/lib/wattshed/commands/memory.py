"""``wattshed memory``: what a training of each model needs at every memory level, before any of them runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.commands.options.study_panel import add_prediction_options, check_panel, panel_of, read_study
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.study import Study

EXAMPLES = """examples:
  wattshed memory config/config.yaml                     every model with gradient steps, at every level
  wattshed memory config/brains.yaml                     a study of classes, whose scans need not be there
  wattshed memory mine.yaml --model transformer          these models alone
  wattshed memory mine.yaml --nodes 8442 --hours 17520   a panel that is not built yet
  wattshed memory mine.yaml --limit-mb 2000              which levels fit 2 GB
  wattshed memory mine.yaml --json                       all numbers, as JSON

Nothing is computed: one step of each training, and one look at the validation part, run on tensors that have sizes
and no values. A peak holds weights, gradients, the optimiser's state, averaged and best weights, the batch, the series
and activations; not the process itself, arrays of NumPy, and work spaces inside one operation.

exit codes: 0 a level of every model fits; 1 no level of some model does; 2 an error; 70 a defect of wattshed."""

NO_FIT_EXIT_CODE = 1


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "memory",
        help="the memory that trainings need at every level, before anything runs",
        description="Predict the peak of memory of each model's training, at every memory level.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "config", type=Path, metavar="CONFIG", help="configuration, such as config/config.yaml"
    )
    add_prediction_options(parser)
    parser.add_argument(
        "--limit-mb",
        type=float,
        metavar="MB",
        help="memory that a training may take (default: the recipe's, or the device's)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    study = read_study(arguments.config)
    names = _models(study, arguments)
    panel = panel_of(arguments, study)

    from wattshed.training.footprint.report import predicted_levels, without_steps

    reports = []
    for number, name in enumerate(names, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {len(names)}: {name}\033[K", end="", file=sys.stderr, flush=True)
        reports.append(predicted_levels(study, name, panel, arguments.limit_mb))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    left = without_steps(study, arguments.model)
    if arguments.json:
        found = {"models": [one.to_json() for one in reports], "without_steps": left}
        print(json.dumps(found, indent=2, allow_nan=False))
    else:
        from wattshed.commands.printing.memory_output import print_levels

        print_levels(reports, left)
    return 0 if all(one.fits for one in reports) else NO_FIT_EXIT_CODE


def _check(arguments: argparse.Namespace) -> None:
    """What can be refused before anything is read."""
    check_panel(arguments)
    limit = arguments.limit_mb
    if limit is not None and not 0 < limit < float("inf"):
        raise Fault(f"--limit-mb is {limit:g}: expected a number of megabytes above 0; correct it.")


def _models(study: "Study", arguments: argparse.Namespace) -> list[str]:
    """Those with gradient steps, or the named ones of them."""
    unknown = [name for name in arguments.model or () if name not in study.trained]
    if unknown:
        raise Fault(
            f"--model {unknown[0]}: no model of this name in {arguments.config}; expected one of "
            f"{', '.join(study.trained)}."
        )
    wanted = arguments.model or list(study.trained)
    return [name for name in study.trained if name in wanted and study.trained[name].recipe is not None]
