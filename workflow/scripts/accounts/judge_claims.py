"""Judge the claims of source documents by what the study measured."""

import json
from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.results import Results
from wattshed.foundation.documents import KEYS, read_json
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames
from wattshed.foundation.plugins import names
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--study", required=True, help="models, recipes and what is done with them, as JSON")
    parser.add_argument("--scores", type=Path, required=True, help="scores.parquet")
    parser.add_argument("--days", type=Path, required=True, help="days.parquet: test errors by day")
    parser.add_argument("--windows", type=Path, required=True, help="windows.parquet")
    parser.add_argument("--compared", type=Path, nargs="*", default=[], help="compared/*.parquet")
    parser.add_argument("--compared-days", type=Path, nargs="*", default=[], help="compared/*.days.parquet")
    parser.add_argument(
        "--adaptation", type=Path, nargs="*", default=[], help="adaptation.parquet, if there is one"
    )
    parser.add_argument(
        "--compared-predictions",
        type=Path,
        nargs="*",
        default=[],
        help="law/predictions.parquet, if there is one",
    )
    parser.add_argument(
        "--memory-steps", type=Path, nargs="*", default=[], help="memory/steps.parquet, if there is one"
    )
    parser.add_argument(
        "--classes", type=Path, nargs="*", default=[], help="accuracy/classes.parquet, if there is one"
    )
    parser.add_argument("--choices", type=Path, nargs="*", default=[], help="clocks/*.choice.json")
    parser.add_argument("--output", type=Path, required=True, help="claims.parquet to write")
    arguments = parser.parse_args(argv)
    frames = {
        name: read_frame(getattr(arguments, name), COLUMNS[name]) for name in ("scores", "days", "windows")
    }
    for name in (
        "compared",
        "compared_days",
        "adaptation",
        "compared_predictions",
        "memory_steps",
        "classes",
    ):
        if files := getattr(arguments, name):
            frames[name] = read_frames(files, COLUMNS[name])
    choices = [choice for path in arguments.choices for choice in read_json(path, KEYS["choice"])["choices"]]
    results = Results(frames, json.loads(arguments.study), choices)
    write_parquet(arguments.output, claims_frame(names("claims"), results))


if __name__ == "__main__":
    raise SystemExit(run_script(main))
