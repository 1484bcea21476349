"""Try the governor on simulated mixes of phases, and find the phases of power logs."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.clocks.governing.simulation.study import govern_study
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.foundation.faults import Fault, run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_json, write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--governor", required=True, help="clocks.governor block as JSON")
    parser.add_argument("--max-slowdown-share", type=float, required=True, help="0.05 allows 5 %% more time")
    parser.add_argument("--seed", type=int, required=True, help="seeds the simulated mixes")
    parser.add_argument(
        "--samples",
        action="append",
        default=[],
        help="power log as NAME=FILE, Parquet with the columns of samples",
    )
    parser.add_argument("--governed", type=Path, required=True, help="JSON to write: savings and slowdowns")
    parser.add_argument(
        "--phases", type=Path, required=True, help="Parquet to write: phases with their times"
    )
    options = parser.parse_args(argv)
    logs = {
        name: read_frame(path, ("time_s", "gpu", "power_w")) for name, path in map(_named, options.samples)
    }
    block = GovernorBlock.model_validate_json(options.governor)
    governed, phases = govern_study(block, options.max_slowdown_share, options.seed, logs)
    write_json(options.governed, governed, sealed=True)
    write_parquet(options.phases, phases)


def _named(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (name and found and value):
        raise Fault(f"{text!r} is not NAME=VALUE: expected the name of a recording, = and its file.")
    return name, value


if __name__ == "__main__":
    raise SystemExit(run_script(main))
