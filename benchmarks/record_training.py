"""Record a training of a study: its checks with own energy, its test errors, and where they come from.

python benchmarks/record_training.py --configfile config/reference.yaml --model stgnn_reference \\
    --output docs/ladder/study_homes.json

The training itself is the rule's: `make record-study` runs it and then this. A training that still runs can be recorded
too; the record then says how far it was.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
import yaml

from wattshed.accounts.ladder.checks import training_checks
from wattshed.accounts.ladder.origin import origin_of
from wattshed.accounts.ladder.recorded import record_text
from wattshed.accounts.runs.runs import windows_frame
from wattshed.config.study import load_study
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configfile", type=Path, required=True, help="the study's configuration")
    parser.add_argument("--model", required=True, help="model of the study")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of the studies' results"
    )
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    parser.add_argument(
        "--seeds", type=int, nargs="+", help="record these alone, because only they came to their end"
    )
    arguments = parser.parse_args()
    study = load_study(
        yaml.safe_load(arguments.configfile.read_text(encoding="utf-8")), str(arguments.configfile)
    )
    learned = sorted(name for name in study.models if name in study.learned)
    if arguments.model not in learned:
        parser.error(f"--model is {arguments.model!r}: expected one of {', '.join(learned)}")
    folder = arguments.results / study.study
    ledger = folder / f"ledger/training/{arguments.model}.jsonl"
    finished = ledger.is_file()
    if not finished:
        ledger = ledger.with_name(f"{ledger.name}.part")
    if not ledger.is_file():
        parser.error(f"{ledger} does not exist: train the model first")
    scored = folder / "accuracy/scores.parquet"
    scores = read_frame(scored) if finished and scored.is_file() else pd.DataFrame()
    checks = training_checks(windows_frame([ledger]), [arguments.model])
    if arguments.seeds:
        checks, finished = checks[checks["seed"].isin(arguments.seeds)], True
        if checks.empty:
            parser.error(f"{ledger} has none of the seeds {arguments.seeds}: name others")
    block = study.models[arguments.model]
    used = checks[["own_cpu_s", "others_cpu_s", "duration_s"]].sum()
    about = {
        "what": f"checks of {arguments.model}, trained by {arguments.configfile.name}; energy is its own",
        "finished": finished,
        "seeds": sorted(int(seed) for seed in set(checks["seed"])),
        **origin_of([ledger]),
        "own_cpu_s": round(float(used["own_cpu_s"]), 1),
        "others_cpu_s": round(float(used["others_cpu_s"]), 1),
        "duration_s": round(float(used["duration_s"]), 1),
        "windows": json.loads(study.data.windows.model_dump_json()),
        "model": block.model_dump(mode="json", exclude={"recipe", "engine"}),
        "recipe": study.recipes[block.recipe].model_dump(mode="json"),
    }
    write_text(arguments.output, record_text(checks, scores, about))
    print(
        f"{arguments.output}: {len(checks)} checks of seeds {sorted(set(checks['seed']))}, finished: {finished}"
    )


if __name__ == "__main__":
    main()
