"""Choose a clock from each cell of one sweep: one GPU, one workload, one knob."""

from collections.abc import Sequence

from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.choosing.limits import limits_for
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_json


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__)
    parser.add_argument("--sweep", required=True, help="Parquet that sweep_clocks or read_recording wrote")
    parser.add_argument("--clocks", required=True, help="clocks block as JSON: limits, rule and seed")
    parser.add_argument("--output", required=True, help="JSON with one choice per cell")
    options = parser.parse_args(argv)
    block = ClocksBlock.model_validate_json(options.clocks)
    frame = read_frame(options.sweep, COLUMNS["sweep"])
    choices = choose(frame, lambda workload: limits_for(block, workload), block.choice.rule, block.seed)
    write_json(options.output, {"choices": [choice.to_json() for choice in choices]}, sealed=True)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
