"""Score the classes of every model's test forecasts."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.standings.class_scores import class_scores
from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--forecasts", type=Path, nargs="+", required=True, help="forecasts, named after their models"
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output", type=Path, required=True, help="classes.parquet to write")
    arguments = parser.parse_args(argv)
    forecasts = {path.stem: path for path in arguments.forecasts}
    write_parquet(arguments.output, class_scores(forecasts, Panel.read(arguments.panel)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
