"""Compress one model's seeds in every way and measure the variants, under the meter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from wattshed.compression.measuring import measure_variants
from wattshed.config.models.compression import CompressionBlock
from wattshed.forecast.job_inputs import JobInputs, add_job_inputs
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.writing import write_parquet
from wattshed.training.over_checkpoints import over_checkpoints


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    add_job_inputs(parser)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="+", required=True, help="weights, one file per seed"
    )
    parser.add_argument("--compression", required=True, help="compression block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="table of variants to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    # Variants that no kernel knows are compared with the full model on one back end.
    given = replace(JobInputs.read(arguments), engine="torch")
    block = CompressionBlock.model_validate_json(arguments.compression)
    work = partial(measure_variants, given.task, block)
    rows = over_checkpoints(arguments.checkpoints, given, work, stage="compression", ledger=arguments.ledger)
    write_parquet(arguments.output, rows)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
