"""Write docs/clock_contamination.md and .json: how often contaminated sweeps are recognised, and clean ones suspected.

Simulated sweeps only; nothing is timed, so the result does not depend on the machine.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from wattshed.clocks.contamination.detect import detect
from wattshed.clocks.contamination.trials import CLEAN, KINDS, Kind, Trial, saving_share
from wattshed.clocks.contamination.usable import refusal, usable_sweep
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
TRIALS, TRIALS_PER_SIZE = 1000, 200
# Every fourth sweep is a full one.
FULL_EVERY = 4


def rate(hits: int, trials: int) -> dict[str, Any]:
    """Share with its exact (Clopper and Pearson) 95 % interval."""
    interval = binomtest(hits, trials).proportion_ci(0.95, "exact")
    return {
        "hits": hits,
        "trials": trials,
        "share": hits / trials,
        "low": float(interval.low),
        "high": float(interval.high),
    }


def text_of(found: dict[str, Any]) -> str:
    return f"{found['share']:.1%} ({found['low']:.1%} to {found['high']:.1%})"


def made(seeds: Iterable[int]) -> Iterable[Trial]:
    return (Trial(seed, full=seed % FULL_EVERY == 0) for seed in seeds)


def caught(kind: Kind, trials: int) -> dict[str, Any]:
    """Trials of sizes within the claimed range; the seeds differ from those of the clean sweeps."""
    hits = 0
    for trial in made(range(10_000, 10_000 + trials)):
        rows = kind.spoil(trial, kind.claimed_size(trial.random))
        hits += any(one.found for one in detect(rows) if one.detector == kind.detector)
    return rate(hits, trials)


def by_size(kind: Kind, size: float, trials: int) -> dict[str, Any]:
    """Sparse sweeps of one size; also by how much the stated saving at the best clock is wrong if it is missed."""
    hits, wrong = 0, []
    for seed in range(20_000, 20_000 + trials):
        trial, clean = Trial(seed, full=False), Trial(seed, full=False)
        rows = kind.spoil(trial, size)
        hits += any(one.found for one in detect(rows) if one.detector == kind.detector)
        if kind.changes_saving:
            clean.plan, clean.window_s = trial.plan, trial.window_s
            clean.laws["call_s"] = trial.laws.get("call_s", 0.01)
            best = clean.gpu().oracle(0.05, clean.settings)
            best = best if best < max(clean.settings) else clean.settings[-2]
            wrong.append(saving_share(rows, best) - saving_share(clean.sweep(), best))
    found = rate(hits, trials) | {"size": size, "words": kind.what.format(size)}
    return found | ({"saving_error": float(np.sqrt(np.mean(np.square(wrong))))} if wrong else {})


def false_alarms(name: str, trials: int) -> dict[str, Any]:
    """Clean sweeps of which any detector says that it found something, or which the older rules refuse."""
    alarms: Counter[str] = Counter()
    any_alarm = 0
    for trial in made(range(trials)):
        rows = CLEAN[name](trial)
        names = [one.detector for one in detect(rows) if one.found]
        names += ["refusal"] if refusal(usable_sweep(rows)) else []
        alarms.update(names)
        any_alarm += bool(names)
    return rate(any_alarm, trials) | {"by_detector": dict(alarms)}


def measured(trials: int, trials_per_size: int) -> dict[str, Any]:
    machine = describe_machine()
    return {
        "command": "make benchmark-clock-contamination",
        "processor": machine["processor"],
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "false_alarms": {name: false_alarms(name, trials) for name in CLEAN},
        "caught": {
            name: caught(kind, trials) | {"detector": kind.detector, "claimed": list(kind.claimed)}
            for name, kind in KINDS.items()
        },
        "by_size": {
            name: [by_size(kind, size, trials_per_size) for size in kind.sizes]
            for name, kind in KINDS.items()
        },
    }


def page(found: dict[str, Any]) -> str:
    trials = next(iter(found["caught"].values()))["trials"]
    per_size = next(iter(found["by_size"].values()))[0]["trials"]
    caught_rows = ["| contamination | sizes | detector | caught |", "|---|---|---|---|"]
    for name, one in found["caught"].items():
        low, high = (KINDS[name].what.format(size) for size in one["claimed"])
        sizes = low if low == high else f"{low} ... {high}"
        caught_rows.append(f"| {name} | {sizes} | `{one['detector']}` | {text_of(one)} |")
    alarm_rows = ["| clean sweeps | any alarm | of which |", "|---|---|---|"]
    for name, one in found["false_alarms"].items():
        which = ", ".join(f"`{who}` {count}" for who, count in one["by_detector"].items()) or "-"
        alarm_rows.append(f"| {name} | {text_of(one)} | {which} |")
    size_rows = ["| contamination | size | caught | error of the saving if missed |", "|---|---|---|---|"]
    for name, rows in found["by_size"].items():
        for one in rows:
            error = f"{100 * one['saving_error']:.1f} points" if "saving_error" in one else "-"
            size_rows.append(f"| {name} | {one['words']} | {text_of(one)} | {error} |")
    parts = [
        "# Are contaminated clock sweeps recognised, and clean ones left alone?",
        f"Simulated by `{found['command']}`. {found['processor']}, {found['date']}, commit {found['commit']}. "
        "Nothing is timed: the same commit gives the same numbers on any machine.",
        "Every trial invents a GPU and a workload: compute share 0.1 to 1, exponent 1.25 to 3.5, p0 50 to 150 W, p1 "
        "100 to 250 W, log-normal noise of time and power of 1 to 3 %, an energy counter with a period of 0.1 s. "
        f"Every {FULL_EVERY}th sweep is full (61 clocks, 3 times), the others are sparse (12 clocks, 5 times); all are "
        "in random rounds with the maximum measured again and again, unless the order itself is the contamination. "
        "Intervals are exact (Clopper and Pearson), 95 %.",
        "## Caught\n",
        "\n".join(caught_rows),
        f"{trials:,} sweeps per row, sizes drawn uniformly in their logarithm. Aim: at least 99 %. Caught means that "
        "the detector named says so; whether the sweep is then refused, or its runs are left out, depends on the size.",
        "## False alarms\n",
        "\n".join(alarm_rows),
        f"{trials:,} clean sweeps per row. Aim: at most 2 % with any alarm. Counted are all six detectors and the "
        "refusals for scattering repeats, a scattering baseline and a slow maximum (`refusal`).",
        "## By size\n",
        "\n".join(size_rows),
        f"{per_size} sparse sweeps per row. The last column is the root mean square of the error that the "
        "contamination adds to the saving at the best clock under 5 % slowdown, where the saving is stated from the "
        "medians of all runs and the same sweep without the contamination is the reference. Where it is below one "
        "point, the contamination matters less than 1 % of the energy, and missing it does no harm. It has no value "
        "where the sweep is of another workload (idle GPU), of no clock at all (locked clock), or not wrong in itself "
        "(order, which only makes drift invisible). The first 15 runs of an ordered sweep do not count in a choice, so "
        "the errors of its cold start are those of a reader who uses all runs.",
        "An idle GPU is recognised by its power, so only if its idle power is known (a board of the list, or stated). "
        "A clock that was locked and not read is recognised while the noise is small enough to show that nothing "
        "changes; with more noise the sweep is refused or no saving is shown. Whole seconds that are divided by a "
        "varying number of calls cannot be seen in the times; they appear as noise.",
    ]
    return "\n\n".join(parts).replace("\n\n\n", "\n\n") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/clock_contamination.md", help="page to write"
    )
    parser.add_argument("--trials", type=int, default=TRIALS, help="sweeps per kind")
    parser.add_argument("--trials-per-size", type=int, default=TRIALS_PER_SIZE, help="sweeps per size")
    arguments = parser.parse_args()
    found = measured(arguments.trials, arguments.trials_per_size)
    arguments.output.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    arguments.output.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
