"""Download the GoiEner study (Zenodo 7362094); a broken download is resumed."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.sources.goiener import Settings
from wattshed.data.sources.goiener_panel import fetch
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--source", default='{"kind": "goiener"}', help="data.source block as JSON; names folder and period"
    )
    parser.add_argument("--root", type=Path, default=Path(), help="folder that the source's paths start from")
    arguments = parser.parse_args(argv)
    fetch(Settings.model_validate_json(arguments.source), arguments.root)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
