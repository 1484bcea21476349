"""Make the figure of training curves with cumulative energy."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.runs.status import worst_status
from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame, read_frames
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.training import training_figure


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--epochs",
        type=Path,
        nargs="+",
        required=True,
        help="epochs.parquet per model and seed",
    )
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-pdf", type=Path, required=True, help="PDF to write")
    parser.add_argument("--output-png", type=Path, required=True, help="PNG to write")
    arguments = parser.parse_args(argv)
    windows = read_frame(arguments.windows)
    status = worst_status(windows.loc[windows["window"] == "epoch", "energy_status"])
    unit = Panel.read(arguments.panel).unit
    figure = training_figure(read_frames(arguments.epochs), unit, status)
    save_figure(figure, arguments.output_pdf, arguments.output_png)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
