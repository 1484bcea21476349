"""Inputs and settings of parts as arguments of a script."""

import argparse
import json
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault
from wattshed.publish.parts.inputs import Inputs


def add_input_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--input NAME FILE...``, once per input, and ``--parameters JSON``."""
    parser.add_argument(
        "--input",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "FILE"),
        help="a result by its name, with its file or files; once per input",
    )
    parser.add_argument("--parameters", default="{}", help="settings as a JSON object, such as the note")


def read_inputs(arguments: argparse.Namespace) -> Inputs:
    """The inputs that were named. Raises :class:`Fault` for settings that are not a JSON object."""
    try:
        parameters: Any = json.loads(arguments.parameters)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise Fault(
            f'--parameters is {arguments.parameters!r}: expected a JSON object such as {{"note": ""}}; correct it.'
        )
    return Inputs({name: [Path(path) for path in paths] for name, *paths in arguments.input}, parameters)
