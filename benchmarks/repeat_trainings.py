"""Train models of a study again and again in processes of their own: how much do their energies differ?

    python benchmarks/repeat_trainings.py --configfile config/config.yaml --models pooled_ridge \\
        --output docs/training_repeats.json

A closed form is fitted several times within one process, which shows less than runs on another occasion do. Each run
here is the study's own rule, forced in a temporary folder. `make headline` takes the result over.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from wattshed.accounts.ladder.origin import origin_of
from wattshed.accounts.runs.alone import add_alone
from wattshed.accounts.runs.runs import windows_frame
from wattshed.accounts.runs.trainings import trainings
from wattshed.config.study import load_study
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.writing import write_text

ROOT = Path(__file__).resolve().parent.parent
BASELINES = "baselines"


def run_once(folder: Path, configfile: Path, ledger: Path) -> None:
    """Make a training's ledger by its rule, also where it is there already."""
    words = ["snakemake", "-s", str(ROOT / "Snakefile"), "--directory", str(folder), "--cores", "all"]
    words += ["--configfile", str(configfile), "--forcerun", str(ledger), "--", str(ledger)]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def joules_of(ledger: Path) -> dict[str, list[float]]:
    """Own energy of every training in a ledger, by model; models that fit nothing are left out."""
    rows = trainings(windows_frame([ledger]))
    rows = rows[rows["training_kwh"].notna()]
    return {
        str(model): [float(f"{kwh * JOULES_PER_KWH:.6g}") for kwh in own["training_kwh"]]
        for model, own in rows.groupby("model", sort=False)
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configfile", type=Path, required=True, help="the study's configuration")
    parser.add_argument("--models", nargs="+", default=[], help="models of the study; baselines always run")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, at least 3")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    arguments = parser.parse_args()
    configfile = arguments.configfile.resolve()
    study = load_study(yaml.safe_load(configfile.read_text(encoding="utf-8")), str(configfile))
    unknown = [name for name in arguments.models if name not in study.models]
    if unknown:
        parser.error(
            f"--models names {unknown[0]!r}: expected models of the study, {', '.join(study.models)}"
        )
    if arguments.runs < 3:
        parser.error(f"--runs is {arguments.runs}: expected at least 3, so that they have an interval")
    found: dict[str, list[list[float]]] = {}
    origin: dict[str, Any] = {}
    started, ledgers, not_alone = _now(), [], 0
    with tempfile.TemporaryDirectory() as place:
        for number in range(arguments.runs):
            for name in (*arguments.models, BASELINES):
                ledger = Path("results") / study.study / f"ledger/training/{name}.jsonl"
                run_once(Path(place), configfile, ledger)
                for model, joules in joules_of(Path(place) / ledger).items():
                    found.setdefault(model, []).append(joules)
                kept = Path(place) / f"{number}-{name}.jsonl"
                shutil.copyfile(Path(place) / ledger, kept)
                ledgers.append(kept)
                not_alone += int((add_alone(windows_frame([kept]))["alone"] == False).any())  # noqa: E712
            origin = origin_of(ledgers)
            print(f"run {number + 1} of {arguments.runs} is done", file=sys.stderr, flush=True)
    content = {
        "what": "own energy of each training [J], by model and run",
        "study": study.study,
        "started_utc": started,
        "ended_utc": _now(),
        "not_alone": not_alone,
        **origin,
        "joules": found,
    }
    write_text(arguments.output, json.dumps(content, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
