"""Find how far the test errors depend on suspect nodes and on parts of the calendar."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.sensitivity.views import sensitivity_frames
from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--forecasts", type=Path, nargs="+", required=True, help="forecasts, named after their models"
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--quality", type=Path, required=True, help="quality.parquet")
    parser.add_argument("--output", type=Path, required=True, help="sensitivity.parquet to write")
    parser.add_argument(
        "--output-days", type=Path, required=True, help="sensitivity.days.parquet to write: errors by day"
    )
    arguments = parser.parse_args(argv)
    forecasts = {path.stem: path for path in arguments.forecasts}
    quality = read_frame(arguments.quality, COLUMNS["quality"])
    frame, days = sensitivity_frames(forecasts, Panel.read(arguments.panel), quality)
    write_parquet(arguments.output, frame)
    write_parquet(arguments.output_days, days)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
