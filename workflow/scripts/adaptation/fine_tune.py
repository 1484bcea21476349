"""Fine-tune one model's seeds month by month with every strategy, under the meter."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from wattshed.adaptation.stream import adapt_over_stream
from wattshed.config.models.adaptation import AdaptationBlock
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
    parser.add_argument("--adaptation", required=True, help="adaptation block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="matrices of errors to write")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger to write")
    arguments = parser.parse_args(argv)
    given = JobInputs.read(arguments)
    block = AdaptationBlock.model_validate_json(arguments.adaptation)
    work = partial(adapt_over_stream, given.task, block)
    rows = over_checkpoints(arguments.checkpoints, given, work, stage="adaptation", ledger=arguments.ledger)
    write_parquet(arguments.output, rows)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
