"""Make the table of compressed variants."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frames
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.compression import compression_table
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument(
        "--compression", type=Path, nargs="+", required=True, help="variants, one file per seed"
    )
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output-tex", type=Path, required=True, help="LaTeX table to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    rows = read_frames(arguments.compression)
    write_text(arguments.output_tex, render_table(compression_table(rows, unit)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
