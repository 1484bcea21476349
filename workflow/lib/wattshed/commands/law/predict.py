"""``wattshed predict``: what the models of configurations would cost, before any of them is trained."""

import argparse
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.commands.options.study_panel import (
    add_prediction_options,
    check_count,
    check_panel,
    panel_of,
    read_study,
)
from wattshed.commands.output_place import check_file
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.predicting.plan import PanelSizes
    from wattshed.law.predicting.ranking import Candidate
    from wattshed.law.profile.device_profile import DeviceProfile

EXAMPLES = """examples:
  wattshed predict config/config.yaml                    every model of a study: joules, seconds, grams, ranked
  wattshed predict a.yaml b.yaml --model gru lstm        two configurations side by side, these models alone
  wattshed predict mine.yaml --nodes 8442 --hours 17520  a panel that is not built yet
  wattshed predict mine.yaml --by step --json            costs of one training step, as JSON
  wattshed predict mine.yaml --figure predicted.png      the ranking as a picture
  wattshed predict --example                             the source's Model A and B, as it printed them and recomputed

Nothing is trained, and torch is not loaded. The laws come from a device profile, which wattshed calibrate makes in a
minute; they hold for this device, this version of torch and this number of threads. A training is that of one seed
with all epochs that its recipe allows: early stopping can only make it shorter. Intervals hold 90 % of what was
measured where the profile was checked: on whole families of networks that its step terms had not seen.

exit codes: 0 at least one model is predicted; 1 none of them has a law; 2 an error; 70 a defect of wattshed."""

NOTHING_EXIT_CODE = 1


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "predict",
        help="what models would cost in joules, seconds and grams, before they are trained",
        description="Predict what the models of one or more configurations would cost; nothing is trained.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "configs", type=Path, nargs="*", metavar="CONFIG", help="configurations, such as config/config.yaml"
    )
    add_prediction_options(parser)
    parser.add_argument(
        "--by",
        choices=("training", "epoch", "step"),
        default="training",
        help="what the ranking goes by (default: %(default)s)",
    )
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="device profile (default: this machine's)"
    )
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        help="where the models would run (default: the configuration's device)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help="threads of torch (default: %(default)s, as in studies)",
    )
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the ranking: .png, .pdf or .svg")
    parser.add_argument(
        "--example", action="store_true", help="print the source's worked example, Model A and B"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.example:
        return _example(arguments)
    _check(arguments)
    from wattshed.law.predicting.ranking import Candidate, rank

    candidates: list[Candidate] = []
    without: list[dict[str, str]] = []
    labels = labels_of(arguments.configs)
    for path in arguments.configs:
        study = read_study(path)
        names = _models(study, arguments.model, path)
        profile = _profile(arguments, study)
        panel = panel_of(arguments, study)
        for name in names:
            found = _predicted(study, name, panel, profile)
            if isinstance(found, str):
                without.append({"study": labels[path], "model": name, "why_none": found})
            else:
                candidates.append(Candidate(labels[path], found, profile.calibration.energy_status))
    _refuse_unknown(arguments, candidates, without)
    ranking = rank(candidates, arguments.by)
    if arguments.json:
        from wattshed.commands.printing.predictions_json import to_json

        print(json.dumps(to_json(ranking, candidates, without, arguments.by), indent=2, allow_nan=False))
    else:
        from wattshed.commands.printing.predictions_output import print_predictions

        print_predictions(ranking, candidates, without, arguments.by)
    if arguments.figure is not None and ranking:
        from wattshed.commands.printing.predictions_figure import draw_ranking

        draw_ranking(ranking, arguments.by, arguments.figure)
        if not arguments.json:
            print(f"Drawn: {arguments.figure}")
    return 0 if candidates else NOTHING_EXIT_CODE


def _check(arguments: argparse.Namespace) -> None:
    """What can be refused before anything is read."""
    if not arguments.configs:
        raise Fault(
            "no configuration was named: expected one or more, such as config/config.yaml; or --example for the "
            "source's worked example."
        )
    seen: set[str] = set()
    for path in arguments.configs:
        # Also by another way, such as ../here/a.yaml, and through a link.
        place = os.path.realpath(path)
        if place in seen:
            raise Fault(f"{path} is named twice: expected each configuration once; remove one.")
        seen.add(place)
    check_count("--threads", arguments.threads)
    check_panel(arguments)
    if arguments.figure is not None:
        if arguments.figure.suffix not in (".png", ".pdf", ".svg"):
            raise Fault(
                f"--figure {arguments.figure}: expected a name that ends with .png, .pdf or .svg; rename it."
            )
        check_file(arguments.figure, "--figure")


def labels_of(paths: Sequence[Path]) -> dict[Path, str]:
    """What each configuration is called: the shortest of its name, its path and its whole path that no other has."""
    found = {}
    for path in paths:
        ways = (lambda one: one.stem, lambda one: os.path.splitext(one)[0], str)
        told = [way(path) for way in ways if [way(one) for one in paths].count(way(path)) == 1]
        found[path] = told[0]
    return found


def _models(study: "Study", wanted: list[str] | None, path: Path) -> list[str]:
    """The models to predict; those of a name that this configuration lacks may be in another one."""
    if wanted is None:
        return list(study.models)
    return [name for name in study.models if name in wanted]


def _refuse_unknown(
    arguments: argparse.Namespace, candidates: list["Candidate"], without: list[dict[str, str]]
) -> None:
    found = {one.name for one in candidates} | {one["model"] for one in without}
    unknown = [name for name in arguments.model or () if name not in found]
    if unknown:
        where = ", ".join(map(str, arguments.configs))
        raise Fault(
            f"--model {unknown[0]}: no model of this name in {where}; expected a key of its block models."
        )


def _profile(arguments: argparse.Namespace, study: "Study") -> "DeviceProfile":
    from wattshed.law.profile.files import check_device, default_profile, read_profile
    from wattshed.law.profile.identity import here

    device = arguments.device or study.device
    # A device that this machine lacks is said first: no calibration could make its profile.
    found_here = here(device, arguments.threads)
    path = arguments.profile or default_profile(device, arguments.threads)
    if not os.path.exists(path) and path.name:
        options = [] if device == "cpu" else ["--device", device]
        options += [] if arguments.threads == 1 else ["--threads", str(arguments.threads)]
        options += [] if arguments.profile is None else ["--output", shlex.quote(str(path))]
        raise Fault(
            f"the profile {path} does not exist: run {' '.join(['wattshed calibrate', *options])}, which takes a "
            "minute and makes it."
        )
    profile = read_profile(path)
    check_device(profile, found_here, path)
    return profile


def _predicted(study: "Study", name: str, panel: "PanelSizes", profile: "DeviceProfile") -> Any:
    """The prediction, or the sentence that says why there is none."""
    from wattshed.law.predicting.model import predict_model

    try:
        return predict_model(study, name, panel, profile)
    except Fault as fault:
        return str(fault)


def _example(arguments: argparse.Namespace) -> int:
    from wattshed.law.published.worked_example import worked_example

    found = worked_example()
    if arguments.json:
        print(json.dumps([one.to_json() for one in found], indent=2, allow_nan=False))
        return 0
    from wattshed.commands.printing.worked_example_output import print_example

    print_example(found)
    return 0
