"""Make the figures of what the models cost: split, energies, overlay, fronts."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.model_costs import model_figures


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--runs", type=Path, required=True, help="emissions.parquet")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output", type=Path, required=True, help="folder of the figures to write")
    arguments = parser.parse_args(argv)
    runs, windows, scores = map(read_frame, (arguments.runs, arguments.windows, arguments.scores))
    unit = Panel.read(arguments.panel).unit
    for name, figure in model_figures(runs, windows, scores, unit).items():
        save_figure(figure, arguments.output / f"{name}.pdf", arguments.output / f"{name}.png")


if __name__ == "__main__":
    raise SystemExit(run_script(main))
