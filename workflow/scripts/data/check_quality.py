"""Report the quality of the panel's readings, node by node."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.data.panel import Panel
from wattshed.data.quality import assess_quality
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument("--output", type=Path, required=True, help="quality.parquet to write")
    arguments = parser.parse_args(argv)
    write_parquet(arguments.output, assess_quality(Panel.read(arguments.panel)))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
