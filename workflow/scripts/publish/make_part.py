"""Make one published part: the files of a table, or a figure as PDF and PNG."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.plugins import load
from wattshed.publish.parts.arguments import add_input_arguments, read_inputs


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    part = parser.add_mutually_exclusive_group(required=True)
    part.add_argument("--table", help="name of the table")
    part.add_argument("--figure", help="name of the figure")
    add_input_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder of the files to write")
    arguments = parser.parse_args(argv)
    kind, name = ("table", arguments.table) if arguments.table else ("figure", arguments.figure)
    load(kind, name).write(name, read_inputs(arguments), arguments.output)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
