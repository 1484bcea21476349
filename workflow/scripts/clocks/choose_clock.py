"""Choose a clock from each cell of one sweep: one GPU, one workload, one knob."""

from collections.abc import Sequence

from wattshed.clocks.choosing.choice import choose_clock
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_json

CELL = ("gpu", "gpu_uuid", "workload", "knob")


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__)
    parser.add_argument("--sweep", required=True, help="Parquet that sweep_clocks or read_recording wrote")
    parser.add_argument("--clocks", required=True, help="clocks block as JSON: limits, rule and seed")
    parser.add_argument("--output", required=True, help="JSON with one choice per cell")
    options = parser.parse_args(argv)
    block = ClocksBlock.model_validate_json(options.clocks)
    frame = read_frame(options.sweep, COLUMNS["sweep"])
    choices = [
        choose_clock(rows, block.max_slowdown_share, block.seed).to_json()
        for _, rows in frame.groupby(list(CELL), sort=False, dropna=False)
    ]
    write_json(options.output, {"choices": choices}, sealed=True)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
