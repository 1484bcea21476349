"""Cut the panel's span into train, validation, test and the months of the stream."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", required=True, help="data.splits block as JSON")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="splits.json to write")
    arguments = parser.parse_args(argv)
    panel = Panel.read(arguments.panel)
    splits = split_calendar(
        panel,
        SplitsBlock.model_validate_json(arguments.splits),
        WindowsBlock.model_validate_json(arguments.windows),
    )
    splits.write(arguments.output, panel)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
