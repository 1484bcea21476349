"""Choose the clock of least energy under a slowdown limit from one clock sweep."""

from collections.abc import Sequence

from wattshed.clocks.choosing.choice import choose_clock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_json


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__)
    parser.add_argument("--sweep", required=True, help="Parquet that sweep_clocks wrote")
    parser.add_argument("--max-slowdown-share", type=float, required=True, help="0.05 allows 5 %% more time")
    parser.add_argument("--seed", type=int, required=True, help="seeds the bootstrap")
    parser.add_argument("--output", required=True, help="JSON with the choice")
    options = parser.parse_args(argv)
    choice = choose_clock(
        read_frame(options.sweep, COLUMNS["sweep"]), options.max_slowdown_share, options.seed
    )
    write_json(options.output, choice.to_json(), sealed=True)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
