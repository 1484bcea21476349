"""Score every model's test forecasts on observed cells, and both parts' forecasts day by day."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.forecast.scoring import errors_by_day, score_forecasts
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.vocabulary import Part
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--forecasts", type=Path, nargs="+", required=True, help="forecasts, named after their models"
    )
    parser.add_argument(
        "--validation",
        type=Path,
        nargs="+",
        required=True,
        help="forecasts of the validation part, named alike",
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json")
    parser.add_argument("--output", type=Path, required=True, help="scores.parquet to write")
    parser.add_argument("--output-days", type=Path, required=True, help="days.parquet to write")
    arguments = parser.parse_args(argv)
    forecasts = {path.stem: path for path in arguments.forecasts}
    panel = Panel.read(arguments.panel)
    scores = score_forecasts(forecasts, panel, Splits.read(arguments.splits, panel))
    write_parquet(arguments.output, scores)
    validation = {path.stem: path for path in arguments.validation}
    days = errors_by_day({Part.TEST: forecasts, Part.VALIDATION: validation}, panel)
    write_parquet(arguments.output_days, days)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
