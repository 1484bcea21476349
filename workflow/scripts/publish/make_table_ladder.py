"""Make the tables of the ladder: its steps, what they cost, and when they pass their opponents' best."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.ladder import ladder_tables
from wattshed.publish.typesetting.latex import render_table


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ladder", type=Path, required=True, help="ladder.parquet")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--note", default="", help="a line on the recipes, such as the cap on epochs")
    parser.add_argument("--output", type=Path, required=True, help="folder of the tables to write")
    arguments = parser.parse_args(argv)
    unit = Panel.read(arguments.panel).unit
    for name, table in ladder_tables(read_frame(arguments.ladder), unit, arguments.note).items():
        write_text(arguments.output / f"{name}.tex", render_table(table))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
