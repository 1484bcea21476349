"""Report the quality of the panel's readings, node by node."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattshed.data.findings.readings import find_readings
from wattshed.data.findings.warned import warnings_of
from wattshed.data.panel import Panel
from wattshed.data.quality import assess_quality
from wattshed.data.splits import Splits
from wattshed.data.suspects import find_suspects
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--panel", type=Path, required=True, help="panel.safetensors")
    parser.add_argument(
        "--splits", type=Path, required=True, help="splits.json: suspects are found in its training part"
    )
    parser.add_argument(
        "--near-zero-limit",
        type=float,
        required=True,
        help="share of hours near zero from which a node is suspect",
    )
    parser.add_argument("--output", type=Path, required=True, help="quality.parquet to write")
    arguments = parser.parse_args(argv)
    panel = Panel.read(arguments.panel)
    train = Splits.read(arguments.splits, panel).train
    suspects = find_suspects(panel, train, arguments.near_zero_limit)
    quality = pd.concat([assess_quality(panel), find_readings(panel, train), suspects], axis=1)
    write_parquet(arguments.output, quality)
    for warning in warnings_of(quality, panel.step_minutes):
        print(warning)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
