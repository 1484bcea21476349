"""Cut the panel's end into several test parts, each after a training and a validation part of its own."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.rolling import RollingCalendar
from wattshed.data.panel import Panel
from wattshed.data.rolling import split_origins
from wattshed.foundation.faults import run_script, script_parser


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--rolling", required=True, help="calendar keys of the rolling block as JSON")
    parser.add_argument("--windows", required=True, help="data.windows block as JSON")
    parser.add_argument(
        "--outputs", type=Path, nargs="+", required=True, help="splits to write, one file per origin in order"
    )
    arguments = parser.parse_args(argv)
    panel = Panel.read(arguments.panel)
    found = split_origins(
        panel,
        RollingCalendar.model_validate_json(arguments.rolling),
        WindowsBlock.model_validate_json(arguments.windows),
    )
    for path, splits in zip(arguments.outputs, found, strict=True):
        splits.write(path, panel)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
