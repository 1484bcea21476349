"""What commands that predict a study ask for: its configuration, its models and the size of its panel."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.predicting.plan import PanelSizes

# Of nodes, hours and threads: beyond any panel, and far below what floats can no longer count.
LARGEST = 1_000_000_000


def add_prediction_options(parser: argparse.ArgumentParser) -> None:
    """Which models are predicted, for which panel, and how that is printed."""
    parser.add_argument("--model", nargs="+", metavar="NAME", help="these models alone (default: all)")
    parser.add_argument("--nodes", type=int, metavar="N", help="nodes of a panel that is not built yet")
    parser.add_argument("--hours", type=int, metavar="N", help="hours of a panel that is not built yet")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="where built panels are looked for (default: results, in this folder)",
    )
    parser.add_argument("--json", action="store_true", help="print all predictions as JSON")


def check_panel(arguments: argparse.Namespace) -> None:
    """Refuse a panel's size, or a folder of results, that cannot be."""
    for option, value in (("--nodes", arguments.nodes), ("--hours", arguments.hours)):
        if value is not None:
            check_count(option, value)
    if (arguments.nodes is None) != (arguments.hours is None):
        given, missing = ("--nodes", "--hours") if arguments.hours is None else ("--hours", "--nodes")
        raise Fault(
            f"{given} was given without {missing}: expected both, the size of the panel; add {missing}."
        )
    if arguments.results is not None and not os.path.isdir(arguments.results):
        raise Fault(
            f"--results {arguments.results} is not a folder: expected one that holds studies' results; correct it, or "
            "leave the option away."
        )


def check_count(option: str, value: int) -> None:
    """Refuse a count below 1, and one beyond any panel."""
    if value < 1:
        raise Fault(f"{option} is {value}: expected a whole number of 1 or more; correct it.")
    if value > LARGEST:
        raise Fault(f"{option} is larger than {LARGEST:,}: expected the size of a panel; correct it.")


def read_study(path: Path) -> "Study":
    """The study of a configuration's file. Raises :class:`Fault` for one that cannot be read."""
    import yaml

    from wattshed.config.repeated_keys import refuse_repeated_keys
    from wattshed.config.study import load_study
    from wattshed.foundation.faults import one_line

    if os.path.exists(path) and not path.is_file() and not path.is_dir():
        # It is read twice, and a pipe that is never written to would be waited for without end.
        raise Fault(f"{path} is a device, a pipe or a socket: expected a configuration's file; name one.")
    try:
        refuse_repeated_keys(path)
        with path.open("rb") as file:
            # libyaml's loader is ten times as fast, where it is there.
            config = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError as error:
        raise Fault(
            f"{path} does not exist: expected a configuration such as config/config.yaml; correct the name."
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Fault(
            f"{path} cannot be read ({one_line(error)}): expected a configuration in YAML; correct it."
        ) from error
    if not isinstance(config, dict):
        raise Fault(
            f"{path} holds no keys: expected a study's configuration, such as config/config.yaml; correct it."
        )
    return load_study(config, str(path), beside=path.parent)


def panel_of(arguments: argparse.Namespace, study: "Study") -> "PanelSizes":
    """The size of a study's panel: as the options say, as it is built, or as its source knows."""
    from wattshed.law.predicting.plan import PanelSizes, panel_sizes

    if arguments.nodes is not None:
        steps = arguments.hours * study.data.windows.steps_per_hour
        return PanelSizes(nodes=arguments.nodes, steps=steps, edges=None)
    return panel_sizes(study, (arguments.results or Path("results")) / study.study)
