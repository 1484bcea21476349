"""Write docs/clock_search.md and .json: does the search for the best clock find it, in how many windows?

Invented GPUs and workloads of known truth (benchmarks/clock_worlds.py) are searched by the library's own functions, and
the recommended setting is held against the best one of all legal settings under the same slowdown limit.
"""

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from clock_worlds import Found, World, draw_world, golden, judged, planned, search

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
NEAR = 0.02
NOISE_CV = 0.03
CLOCKS = 61
Z = 1.96


DEFAULT_DRAW = partial(draw_world, noise_cv=NOISE_CV, clocks=CLOCKS)


@dataclass(frozen=True)
class Row:
    """One line of a table: how worlds are drawn, and how each is searched."""

    name: str
    find: Callable[[World], Found]
    draw: Callable[[int], World] = DEFAULT_DRAW


def all_settings(world: World, repeats: int) -> Found:
    return planned(world, len(world.open().settings()), repeats)


FULL = partial(all_settings, repeats=5)
METHODS = (
    Row("search (the default)", search),
    Row("full sweep, 3 repeats", partial(all_settings, repeats=3)),
    Row("full sweep, 5 repeats", FULL),
    Row("12 settings, 5 repeats, no refinement", partial(planned, points=12, repeats=5)),
    Row("the search's coarse rounds alone", partial(planned, points=12, repeats=2)),
    Row("golden section, 5 repeats, no intervals", partial(golden, repeats=5)),
)
SIDES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("noise 1 %", {"noise_cv": 0.01}),
    ("noise 5 %", {"noise_cv": 0.05}),
    ("3 clocks", {"clocks": 3}),
    ("9 clocks", {"clocks": 9}),
    ("20 clocks", {"clocks": 20}),
    ("117 clocks", {"clocks": 117}),
    ("13 power limits", {"clocks": 13, "knob": "power_limit"}),
    ("slowdown limit 0", {"limit": 0.0}),
)


def side_rows() -> list[Row]:
    given = {"noise_cv": NOISE_CV, "clocks": CLOCKS}
    return [
        Row(f"{name}: {how}", find, partial(draw_world, **(given | changes)))
        for name, changes in SIDES
        for how, find in (("search", search), ("full sweep, 5 repeats", FULL))
    ]


def wilson(successes: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, Journal of the American Statistical Association 22, 1927)."""
    share, spread = successes / count, Z**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z * np.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return float(centre - half), float(centre + half)


def run(row: Row, seeds: range) -> pd.DataFrame:
    """One line per trial (:func:`clock_worlds.judged`)."""
    return pd.DataFrame([judged(world, row.find(world)) for world in map(row.draw, seeds)])


def summary(trials: pd.DataFrame) -> dict[str, Any]:
    """Shares with intervals, and quantiles of the energy lost."""
    regret = trials["regret_share"]
    count = len(trials)
    shares = {
        "kept": trials["kept"],
        "near": regret <= NEAR,
        "near_and_kept": (regret <= NEAR) & trials["kept"],
    }
    narrow = trials[trials["narrow"]]
    return {
        "trials": count,
        **{name: [float(hits.mean()), *wilson(int(hits.sum()), count)] for name, hits in shares.items()},
        "regret_mean": float(regret.mean()),
        "regret_median": float(regret.median()),
        "regret_p95": float(regret.quantile(0.95)),
        "windows_mean": float(trials["windows"].mean()),
        "windows_p95": float(trials["windows"].quantile(0.95)),
        "windows_most": int(trials["windows"].max()),
        "ended_narrow": float(trials["narrow"].mean()),
        "near_of_narrow": float((narrow["regret_share"] <= NEAR).mean()) if len(narrow) else None,
        "without_knee": {
            "near": float((regret <= NEAR)[~trials["knee"]].mean()),
            "kept": float(trials["kept"][~trials["knee"]].mean()),
        },
    }


def measure(rows: list[Row], trials: int, workers: int) -> dict[str, dict[str, Any]]:
    """Summaries by the rows' names. Each trial is seeded by its number, so the workers do not change the result."""
    parts = [(row, range(start, min(trials, start + 25))) for row in rows for start in range(0, trials, 25)]
    with ProcessPoolExecutor(workers) as pool:
        done = list(pool.map(run, *zip(*parts, strict=True)))
    return {
        row.name: summary(pd.concat([frame for (of, _), frame in zip(parts, done, strict=True) if of is row]))
        for row in rows
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| way | trials | limit kept | within 2 % of the best | both | energy lost: mean | median | 95th percentile "
        "| windows: mean | 95th percentile |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        shares = " | ".join(_share(*one[key]) for key in ("kept", "near", "near_and_kept"))
        lines.append(
            f"| {name} | {one['trials']:,} | {shares} | {one['regret_mean']:.2%} | {one['regret_median']:.2%} | "
            f"{one['regret_p95']:.1%} | {one['windows_mean']:.1f} | {one['windows_p95']:.0f} |"
        )
    return "\n".join(lines)


def _share(share: float, low: float, high: float) -> str:
    return f"{share:.1%} [{100 * low:.1f}, {100 * high:.1f}]"


def page(record: dict[str, Any]) -> str:
    methods, sides = record["methods"], record["sides"]
    ours = methods[METHODS[0].name]
    fewer = [
        f"{1 - ours['windows_mean'] / methods[name]['windows_mean']:.0%}"
        for name in (METHODS[1].name, METHODS[2].name)
    ]
    most = 1 - ours["windows_most"] / methods[METHODS[2].name]["windows_mean"]
    narrow = (
        ""
        if ours["near_of_narrow"] is None
        else f", and {ours['near_of_narrow']:.1%} of these are within 2 %"
    )
    parts = [
        "# Does the search find the best clock?",
        f"Simulated by `{record['command']}`. {record['machine']}, {record['date']}, commit {record['commit']}. Seeds "
        f"are the numbers of the trials, from 0 to {record['trials'] - 1:,}. **No GPU was measured: these are invented "
        "GPUs whose truth is known.**",
        "## Method by method\n",
        table(methods),
        f"{CLOCKS} legal clocks, {NOISE_CV:.0%} noise on time and on power each, a counter that moves every 0.1 s, "
        "windows of 5 s. The best is the setting of least true energy among all legal ones whose true slowdown is "
        "within the limit; a share in brackets is its 95 % interval (Wilson). All ways but the golden section choose "
        "by the same rule: of the settings measured at least three times whose slowdown is within the limit in 95 % of "
        "the draws, the one of least energy. A choice needs three repeats of a setting, so the full sweep of three is "
        "the shortest one that the rule can judge; five are its default.",
        f"The search takes {fewer[0]} fewer windows than a full sweep of 3 repeats and {fewer[1]} fewer than one of 5, "
        f"in the mean; in the longest of its trials {most:.0%} fewer than one of 5. It ended because the interval was "
        f"narrow enough in {ours['ended_narrow']:.0%} of trials{narrow}; else its budget was spent. Without a knee, "
        f"{ours['without_knee']['near']:.1%} are within 2 % and {ours['without_knee']['kept']:.1%} keep the limit.",
        "## Other worlds\n",
        table(sides),
        "As above, but for what the name says. Power limits mean clocks in steps of 15 MHz, so that energy jumps from "
        "one limit to the next. With a limit of 0 only the maximum can be chosen: what is lost was never provable.",
        "## How worlds are drawn",
        "Uniform: compute share 0.1 to 0.95, exponent of power 1.25 to 3.5, constant power 15 to 60 % of the total, "
        "slowdown limit 0 to 15 %, lowest clock 29 to 45 % of a maximum of 1300 to 2000 MHz. One in three has "
        "a knee at 50 to 95 % of the maximum, below which waiting for memory grows with an exponent of 1 to 2.2; one "
        "in four a floor of the voltage at 35 to 65 %; one in four waits for the host during 2 to 30 % of its time. A "
        "call takes 1 ms to 2 s. The laws of the search do not contain the knee's exponent, the floor or the host: "
        "they are not the laws that made the data.",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="trials of each way")
    parser.add_argument("--side-trials", type=int, default=200, help="trials of each other world")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/clock_search.md", help="page; .json beside it"
    )
    given = parser.parse_args()
    record: dict[str, Any] = {
        "command": f"python benchmarks/clock_trials.py --trials {given.trials} --side-trials {given.side_trials}",
        "machine": describe_machine()["processor"],
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "trials": given.trials,
        "methods": measure(list(METHODS), given.trials, given.workers),
        "sides": measure(side_rows(), given.side_trials, given.workers),
    }
    given.output.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    given.output.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main()
