"""Find what every step of the ladder costs, what it takes to named errors, and what each part of the lead saves."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.energy_to_error import curves_frame, targets_frame, targets_of
from wattshed.accounts.ladder.parts import CHANGE, PART, Pair, parts_frame
from wattshed.accounts.ladder.recorded import read_record, read_tuning
from wattshed.accounts.ladder.steps import ladder_frame
from wattshed.accounts.ladder.techniques import Technique, techniques_frame
from wattshed.accounts.runs.runs import windows_frame
from wattshed.config.models.ladder import LadderBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--ladder", required=True, help="ladder block as JSON")
    parser.add_argument("--ledgers", type=Path, nargs="+", required=True, help="ledgers of all its trainings")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--days", type=Path, required=True, help="days.parquet, errors by day")
    parser.add_argument(
        "--records", type=Path, nargs="*", default=[], help="records, in the order of the recorded steps"
    )
    parser.add_argument(
        "--tuning", type=Path, nargs="*", default=[], help="record of the tuning, if there is one"
    )
    parser.add_argument("--output", type=Path, required=True, help="ladder.parquet to write")
    parser.add_argument("--output-checks", type=Path, required=True, help="ladder.checks.parquet to write")
    parser.add_argument("--output-targets", type=Path, required=True, help="ladder.targets.parquet to write")
    parser.add_argument("--output-curves", type=Path, required=True, help="ladder.curves.parquet to write")
    parser.add_argument("--output-parts", type=Path, required=True, help="ladder.parts.parquet to write")
    parser.add_argument(
        "--output-techniques", type=Path, required=True, help="ladder.techniques.parquet to write"
    )
    arguments = parser.parse_args(argv)
    ladder = LadderBlock.model_validate_json(arguments.ladder)
    captions = {step.name: step.caption for step in ladder.steps}
    trained = [name for name in captions if name not in ladder.recorded]
    records = [
        read_record(path, name, block.model)
        for path, (name, block) in zip(arguments.records, ladder.recorded.items(), strict=True)
    ]
    checks = pd.concat(
        [*(record.checks for record in records), training_checks(windows_frame(arguments.ledgers), trained)],
        ignore_index=True,
    )
    scores = pd.concat(
        [read_frame(arguments.scores, COLUMNS["scores"]), *(record.scores for record in records)],
        ignore_index=True,
    )
    tuning = {name: kwh for path in arguments.tuning for name, kwh in read_tuning(path).items()}
    frame = ladder_frame(checks, scores, captions, ladder.opponents, ladder.named, tuning)
    targets = targets_of(checks, [*ladder.opponents.values(), *ladder.targets], ladder.naive)
    pairs = [Pair(PART, part.name, part.slow, part.quick) for part in ladder.parts]
    techniques = []
    for step in ladder.steps:
        before = ladder.before(step)
        if before is not None:
            pairs.append(Pair(CHANGE, ", ".join(step.changes), before, step.name))
            techniques.append(Technique(before, step.name, tuple(step.changes)))
    write_parquet(arguments.output, frame)
    write_parquet(arguments.output_checks, checks)
    write_parquet(
        arguments.output_targets, targets_frame(checks, targets, captions, ladder.tuned or ladder.reference)
    )
    write_parquet(arguments.output_curves, curves_frame(checks, captions, targets))
    errors = dict(zip(frame["model"], frame["rmse_mean"], strict=True))
    write_parquet(arguments.output_parts, parts_frame(checks, pairs, errors))
    days = read_frame(arguments.days, COLUMNS["days"])
    write_parquet(arguments.output_techniques, techniques_frame(checks, days, techniques, captions))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
