"""Validate all choices of clocks by their sweeps, and write what a node or a cluster needs to use them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from wattshed import __version__
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.deploying.folder import write_deployment
from wattshed.clocks.validating.validate import validate
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.documents import KEYS, read_json
from wattshed.foundation.faults import Fault, run_script, script_parser
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_json

ASKED = ("max_slowdown_share", "lowest_share", "highest_share", "least_saving_share")


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--sweeps", nargs="+", type=Path, required=True, help="Parquet files of all sweeps")
    parser.add_argument(
        "--choices", nargs="+", type=Path, required=True, help="their choices, in the same order"
    )
    parser.add_argument(
        "--clocks", required=True, help="clocks block as JSON: the limits that were asked for"
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for validation.json, deployment.json and deployment/",
    )
    options = parser.parse_args(argv)
    if len(options.sweeps) != len(options.choices):
        raise Fault(
            f"{len(options.sweeps)} sweeps and {len(options.choices)} choices: expected one choice file per sweep."
        )
    block = ClocksBlock.model_validate_json(options.clocks)
    choices, validations = [], []
    for sweep, path in zip(options.sweeps, options.choices, strict=True):
        frame = read_frame(sweep)
        for choice in read_json(path, KEYS["choice"])["choices"]:
            limits = asdict(limits_for(block, choice["workload"]))
            found = validate(choice, frame, asked={name: limits[name] for name in ASKED})
            choices.append(choice)
            validations.append({"sweep": sweep.name.removesuffix(".sweep.parquet"), **found.to_json()})
    write_json(options.output / "validation.json", {"validations": validations}, sealed=True)
    write_deployment(
        options.output,
        choices,
        validations,
        timestamp_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
