"""Write the resolved configuration beside the results."""

import argparse
import json
from collections.abc import Sequence

import yaml

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_text


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--config", type=json.loads, required=True, help="resolved configuration as JSON")
    parser.add_argument("--output", required=True, help="config.yaml to write")
    arguments: argparse.Namespace = parser.parse_args(argv)
    write_text(arguments.output, yaml.safe_dump(arguments.config, sort_keys=False, allow_unicode=True))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
