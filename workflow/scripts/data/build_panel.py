"""Build the panel from its source."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from wattshed.config.data.sources import Source
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--source", required=True, help="data.source block as JSON")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the source's paths start from")
    parser.add_argument("--wheel", type=Path, help="data wheel of the source `nations`")
    parser.add_argument("--output", type=Path, required=True, help="panel.safetensors to write")
    arguments = parser.parse_args(argv)
    source: Source = TypeAdapter(Source).validate_json(arguments.source)
    load_panel(source, arguments.root, arguments.wheel).write(arguments.output)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
