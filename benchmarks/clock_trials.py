"""Write docs/clock_search.md and .json: does the search for the best clock find it, in how many windows?

Invented GPUs and workloads of known truth (benchmarks/clock_worlds.py) are searched and chosen from by the library's
own functions, as the pipeline and the command do, and the choice is held against the best one of all legal settings
under the same slowdown limit. Where no lower clock saves (benchmarks/clock_flat_worlds.py), each one chosen is a false
saving.
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
from clock_flat_worlds import SHAPES, draw_flat_world
from clock_worlds import Found, World, draw_world, golden, judged, planned, search

from wattshed.clocks.choosing import setting_estimates
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


def two_sided(find: Callable[[World], Found], world: World) -> Found:
    """As if the whole two-sided 95 % interval of the slowdown had to be within the limit."""
    usual, setting_estimates.LIMIT_LEVEL = setting_estimates.LIMIT_LEVEL, setting_estimates.INTERVAL[1]
    try:
        return find(world)
    finally:
        setting_estimates.LIMIT_LEVEL = usual


FULL = partial(planned, points=0, repeats=5)
METHODS = (
    Row("search (the default)", search),
    Row("search, whole two-sided interval within the limit", partial(two_sided, search)),
    Row("full sweep, 3 repeats", partial(planned, points=0, repeats=3)),
    Row("full sweep, 5 repeats", FULL),
    Row("12 settings, 5 repeats, no refinement", partial(planned, points=12, repeats=5)),
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


FLAT_NOISES = (0.01, 0.02, 0.03)
FLAT_WAYS = (
    ("search", search),
    ("12 settings, 3 repeats", partial(planned, points=12, repeats=3)),
    ("12 settings, 5 repeats", partial(planned, points=12, repeats=5)),
)


def flat_rows() -> list[Row]:
    return [
        Row(f"noise {noise:.0%}: {how}", find, partial(draw_flat_world, noise_cv=noise))
        for noise in FLAT_NOISES
        for how, find in FLAT_WAYS
    ]


def wilson(successes: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, Journal of the American Statistical Association 22, 1927)."""
    share, spread = successes / count, Z**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z * np.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


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
    narrow, lower = trials[trials["narrow"]], trials[trials["lower"]]
    counted = trials["status"].value_counts()
    return {
        "trials": count,
        **{name: [float(hits.mean()), *wilson(int(hits.sum()), count)] for name, hits in shares.items()},
        "lower": float(trials["lower"].mean()),
        "kept_of_lower": [float(lower["kept"].mean()), *wilson(int(lower["kept"].sum()), len(lower))]
        if len(lower)
        else None,
        "statuses": {str(name): int(number) for name, number in counted.items()},
        "near_as_run": float((trials["run_regret_share"] <= NEAR).mean()),
        "regret_mean": float(regret.mean()),
        "regret_median": float(regret.median()),
        "regret_p95": float(regret.quantile(0.95)),
        "windows_mean": float(trials["windows"].mean()),
        "windows_p95": float(trials["windows"].quantile(0.95)),
        "windows_most": int(trials["windows"].max()),
        "ended_narrow": float(trials["narrow"].mean()),
        "near_of_narrow": float((narrow["regret_share"] <= NEAR).mean()) if len(narrow) else None,
        "without_knee": {
            "near": float((regret <= NEAR)[~trials["knee"]].mean()) if not trials["knee"].all() else None,
            "kept": float(trials["kept"][~trials["knee"]].mean()) if not trials["knee"].all() else None,
        },
    }


def measure(
    rows: list[Row],
    trials: int,
    workers: int,
    summarise: Callable[[pd.DataFrame], dict[str, Any]] = summary,
) -> dict[str, dict[str, Any]]:
    """Summaries by the rows' names. Each trial is seeded by its number, so the workers do not change the result."""
    parts = [(row, range(start, min(trials, start + 25))) for row in rows for start in range(0, trials, 25)]
    with ProcessPoolExecutor(workers) as pool:
        done = list(pool.map(run, *zip(*parts, strict=True)))
    return {
        row.name: summarise(
            pd.concat([frame for (of, _), frame in zip(parts, done, strict=True) if of is row])
        )
        for row in rows
    }


def false_summary(trials: pd.DataFrame) -> dict[str, Any]:
    """How often a lower clock was chosen: of all trials, and of those that were not refused."""
    used, judged = int((trials["status"] == "use").sum()), int((trials["status"] != "refused").sum())
    return {
        "trials": len(trials),
        "refused": len(trials) - judged,
        "false": [used / len(trials), *wilson(used, len(trials))],
        "false_of_judged": [used / judged, *wilson(used, judged)] if judged else None,
        "kept": [float(trials["kept"].mean()), *wilson(int(trials["kept"].sum()), len(trials))],
        "windows_mean": float(trials["windows"].mean()),
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| way | trials | limit kept | of the lower settings chosen | within 2 % of the best | energy lost: mean "
        "| median | 95th percentile | windows: mean | 95th percentile |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        shares = " | ".join(
            "-" if one[key] is None else _share(*one[key]) for key in ("kept", "kept_of_lower", "near")
        )
        lines.append(
            f"| {name} | {one['trials']:,} | {shares} | {one['regret_mean']:.2%} | {one['regret_median']:.2%} | "
            f"{one['regret_p95']:.1%} | {one['windows_mean']:.1f} | {one['windows_p95']:.0f} |"
        )
    return "\n".join(lines)


def false_table(found: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| way | trials | refused | false savings, of all | of those judged | limit kept | windows: mean |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        shares = " | ".join(
            "-" if one[key] is None else _share(*one[key]) for key in ("false", "false_of_judged", "kept")
        )
        lines.append(
            f"| {name} | {one['trials']:,} | {one['refused']} | {shares} | {one['windows_mean']:.1f} |"
        )
    return "\n".join(lines)


def _share(share: float, low: float, high: float) -> str:
    return f"{share:.1%} [{100 * low:.1f}, {100 * high:.1f}]"


def page(record: dict[str, Any]) -> str:
    methods, sides = record["methods"], record["sides"]
    ours = methods[METHODS[0].name]
    fewer = [
        f"{1 - ours['windows_mean'] / methods[name]['windows_mean']:.0%}"
        for name in (METHODS[2].name, METHODS[3].name)
    ]
    most = 1 - ours["windows_most"] / methods[METHODS[3].name]["windows_mean"]
    narrow = (
        ""
        if ours["near_of_narrow"] is None
        else f", and {ours['near_of_narrow']:.1%} of these are within 2 %"
    )
    doubted = ours["statuses"].get("doubtful", 0)
    parts = [
        "# Does the search find the best clock, and is the saving true?",
        f"Simulated by `{record['command']}`. {record['machine']}, {record['date']}, commit {record['commit']}. Seeds "
        f"are the numbers of the trials, from 0 to {record['trials'] - 1:,}. {record['note']}**No GPU was measured: "
        "these are invented GPUs whose truth is known.**",
        "## Way by way\n",
        table(methods),
        f"{CLOCKS} legal clocks, {NOISE_CV:.0%} noise on time and on power each, a counter that moves every 0.1 s, "
        "windows of 5 s. The best is the setting of least true energy among all legal ones whose true slowdown is "
        "within the limit; a share in brackets is its 95 % interval (Wilson). All ways but the golden section end in "
        "the choice that the pipeline and `wattshed sweep` make: least energy among the settings measured at least "
        "three times that keep the limit with 95 % certainty, if the saving is shown too; else the maximum, refused "
        "sweeps included. A choice needs three repeats of a setting, so the full sweep of three is the shortest one "
        "that the rule can judge; five are its default.",
        "The limit is one-sided, so that it is kept with 95 % certainty where the 95 % quantile of the slowdown is "
        "within it; the second row asks for the 97.5 % quantile, as the end of a two-sided interval is.",
        f"The search takes {fewer[0]} fewer windows than a full sweep of 3 repeats and {fewer[1]} fewer than one of 5, "
        f"in the mean; in the longest of its trials {most:.0%} fewer than one of 5. It ended because the interval was "
        f"narrow enough in {ours['ended_narrow']:.0%} of trials{narrow}; else its budget was spent. It chose a lower "
        f"setting in {ours['lower']:.0%}. Without a knee, {ours['without_knee']['near']:.1%} are within 2 % and "
        f"{ours['without_knee']['kept']:.1%} keep the limit. {doubted} of its choices are doubtful, because they save "
        "more than real GPUs do: the table judges the setting that they name; as the product runs the maximum then, "
        f"{ours['near_as_run']:.1%} are within 2 %.",
        "## False savings\n",
        false_table(record["flat"]),
        "Worlds in which a call takes the same energy at every clock (two of three), or up to 10 % more towards a "
        "clock of 0: power is 1 / time. Time is one of "
        + ", ".join(SHAPES)
        + ", by 3 to 60 %, and the limit 1 to 15 %. Each lower clock chosen is a false saving. Refused: the detectors "
        "call a sweep in which time and power hardly move one of a locked clock or an idle GPU.",
        "## Other worlds\n",
        table(sides),
        "As the first table, but for what the name says. Power limits mean clocks in steps of 15 MHz, so that energy "
        "jumps from one limit to the next. With a limit of 0 only the maximum can be chosen: what is lost was never "
        "provable. At a noise of 5 % the reference itself varies by about the 5 % at which a sweep is refused as "
        "contaminated; the maximum is run then, and all that could be saved is lost.",
        "## How worlds are drawn",
        "Uniform: compute share 0.1 to 0.95, exponent of power 1.25 to 3.5, constant power 15 to 60 % of the total, "
        "slowdown limit 0 to 15 %, lowest clock 29 to 45 % of a maximum of 1300 to 2000 MHz. One in three has "
        "a knee at 50 to 95 % of the maximum, below which waiting for memory grows with an exponent of 1 to 2.2; one "
        "in four a floor of the voltage at 35 to 65 %; one in four waits for the host during 2 to 30 % of its time. A "
        "call takes 1 ms to 2 s. The laws of the estimate do not contain the knee's exponent, the floor or the host: "
        "they are not the laws that made the data.",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="trials of each way")
    parser.add_argument(
        "--other-trials", type=int, help="trials of each way but the search (all, if it is left out)"
    )
    parser.add_argument("--side-trials", type=int, default=200, help="trials of each other world")
    parser.add_argument("--flat-trials", type=int, default=300, help="trials of each world without a saving")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--note", default="", help="a sentence on the machine, for the page")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/clock_search.md", help="page; .json beside it"
    )
    given = parser.parse_args()
    record: dict[str, Any] = {
        "command": f"python benchmarks/clock_trials.py --trials {given.trials} "
        f"--other-trials {given.other_trials or given.trials} --side-trials {given.side_trials} "
        f"--flat-trials {given.flat_trials}",
        "note": f"{given.note} " if given.note else "",
        "machine": describe_machine()["processor"],
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "trials": given.trials,
        "methods": measure([METHODS[0]], given.trials, given.workers)
        | measure(list(METHODS[1:]), given.other_trials or given.trials, given.workers),
        "flat": measure(flat_rows(), given.flat_trials, given.workers, false_summary),
        "sides": measure(side_rows(), given.side_trials, given.workers),
    }
    given.output.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    given.output.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main()
