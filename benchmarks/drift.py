"""Write docs/drift.md: all strategies of continual learning on a synthetic drift of known truth.

The generator is tests/helpers/drifting.py.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import torch

# The generator is the tests' own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/helpers"))

from drifting import (
    BASE_MONTHS,
    HORIZON_H,
    LEVELS,
    LOOK_BACK_H,
    SHIFTS_H,
    Drift,
    drift_task,
    drifting_panel,
    summary_of,
)
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.statistics.intervals import Interval, mean_interval
from wattshed.training.updates import Pace

ROOT = Path(__file__).resolve().parent.parent
SEEDS = (1, 2, 3, 4, 5)
# Panels on which defaults of strategies were chosen.
CHOOSING_SEEDS = (101, 102)
PACE = Pace(steps=200, batch=256, learning_rate=3e-3)
COLUMNS = (
    "Prequential: RMSE of the months, each forecast before it is learned. All other errors are of held-out parts. "
    "ACC: mean RMSE of the months after the last one was learned. BWT: RMSE right after a month was learned less "
    "that at the end, mean over earlier months. FWT against frozen: RMSE of the base network on a month less that "
    "of the strategy before it learns it, mean over later months. BWT and FWT are good above 0. Forgotten: RMSE at "
    "the end less the least one before, mean over earlier months, also in % of that least one. Base after: RMSE on "
    "the base training's test part at the end."
)
STRATEGIES: dict[str, dict[str, Any]] = {
    "frozen": {"kind": "frozen"},
    "naive": {"kind": "naive"},
    "joint": {"kind": "joint"},
    "joint_continued": {"kind": "joint", "continued": True},
    "replay": {"kind": "replay"},
    "replay_0_1": {"kind": "replay", "memory_share": 0.001},
    "replay_1": {"kind": "replay", "memory_share": 0.01},
    "replay_5": {"kind": "replay", "memory_share": 0.05},
    "ewc": {"kind": "ewc"},
    "lwf": {"kind": "lwf"},
    "der": {"kind": "der"},
    "ema": {"kind": "ema"},
    "node_table": {"kind": "node_table"},
}


def run_seed(seed: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Rows of all strategies on one panel with one network, and the processor seconds of each."""
    torch.set_num_threads(1)
    drift = Drift(drift_task(drifting_panel(seed)), seed)
    rows, seconds = drift.untrained_rows(), {}
    for name, keys in STRATEGIES.items():
        start = time.process_time()
        rows += drift.adapted(name, keys, PACE)[0]
        seconds[name] = time.process_time() - start
    return rows, seconds


def paired(summary: pd.DataFrame, column: str, name: str, other: str) -> Interval:
    """Mean over seeds of a strategy's value less that of another one, with its 95 % interval."""
    values = summary.pivot(index="seed", columns="strategy", values=column)
    return mean_interval(values[name] - values[other])


def table(summary: pd.DataFrame, seconds: dict[str, float]) -> list[str]:
    lines = [
        "| strategy | prequential | ACC | BWT | FWT against frozen | forgotten, kWh | forgotten, % | base after | "
        "prequential: change against frozen, kWh | forgotten: change against naive, points | processor, s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|---|---:|",
    ]
    means = summary.groupby("strategy", sort=False).mean(numeric_only=True)
    for name, row in means.iterrows():
        against = (
            "–" if name == "frozen" else _interval(paired(summary, "prequential_rmse", str(name), "frozen"))
        )
        forgotten = (
            "–"
            if name in ("naive", "frozen")
            else _interval(paired(summary, "forgetting_share", str(name), "naive"), 100, 1)
        )
        numbers = [
            row[column]
            for column in (
                "prequential_rmse",
                "acc_rmse",
                "bwt_rmse",
                "fwt_frozen_rmse",
                "forgetting_rmse",
            )
        ]
        cells = [*(f"{number:.3f}" for number in numbers), f"{100 * row['forgetting_share']:.1f}"]
        cells += [f"{row['base_rmse_after']:.3f}", against, forgotten, f"{seconds[str(name)]:.1f}"]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return lines


def sentences(summary: pd.DataFrame) -> list[str]:
    """What the table says of the strategies, decided by the intervals."""
    learning = [name for name in STRATEGIES if name != "frozen"]
    below = [name for name in learning if _high(paired(summary, "prequential_rmse", name, "frozen")) < 0]
    others = [name for name in learning if name != "naive"]
    less = [name for name in others if _high(paired(summary, "forgetting_share", name, "naive")) < 0]
    return [
        f"{_who(below, learning, 'other strategies')} less prequential error than `frozen`: the whole interval is "
        "below 0.",
        "",
        f"{_who(less, others, 'other strategies but `frozen`')} forgotten less than `naive`: the whole interval is "
        "below 0.",
    ]


def _who(shown: list[str], judged: list[str], what: str) -> str:
    """``All strategies have``, or the names of those that do and of those that are not shown to."""
    if len(shown) == len(judged):
        return f"All {what} have"
    if not shown:
        return f"None of the {what} is shown to have"
    open_ones = ", ".join(f"`{name}`" for name in judged if name not in shown)
    return f"Of the {what}, {', '.join(f'`{name}`' for name in shown)} (but not {open_ones}) have"


def _high(found: Interval) -> float:
    return float("inf") if found.high is None else found.high


def _interval(found: Interval, factor: float = 1.0, decimals: int = 3) -> str:
    if found.mean is None or found.low is None or found.high is None:
        return "–"
    mean, low, high = (f"{factor * value:+.{decimals}f}" for value in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/drift.md", help="page to write")
    parser.add_argument("--jobs", type=int, default=1, help="panels at the same time")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        found = list(pool.map(run_seed, SEEDS))
    summary = summary_of([row for rows, _ in found for row in rows])
    seconds = {name: sum(each[name] for _, each in found) / len(found) for name in STRATEGIES}
    machine = describe_machine()["processor"]
    text = [
        "# Strategies on a drift of known truth\n",
        f"Made by `make benchmark-drift`. {machine}, {datetime.now(UTC):%Y-%m-%d}, commit "
        f"{commit_text(describe_commit(ROOT))}.\n",
        f"**An invented panel.** 12 nodes, 365 days: a daily pattern, a level and noise (AR 1). The first "
        f"{BASE_MONTHS} months are alike; a network (`gru`, 8 units, `node_table: true`) is trained on the first five. "
        "Then, month by "
        f"month, the pattern shifts by {', '.join(f'{hours:g}' for hours in SHIFTS_H)} h and the level by "
        f"{', '.join(f'{level:g}' for level in LEVELS)} times each node's own share, of either sign, beside a random "
        f"walk of each node. Both come back in part. Forecasts of {HORIZON_H} h from {LOOK_BACK_H} h.\n",
        f"Each strategy learns {PACE.steps} steps of {PACE.batch} pairs a month at a rate of {PACE.learning_rate:g}; "
        "`joint` trains from new weights as the base training did. "
        "Mean over n = 5 panels, each with a network of its own; differences are paired over them, with Student's 95 % "
        "interval, not corrected for their number. RMSE in kWh. `replay_0_1`, `replay_1`, `replay_5` remember 0.1, 1 "
        "and 5 % of the base training's pairs, `replay` and `der` 4,096. Processor seconds are those of all months, "
        "evaluation included.\n",
        f"Defaults of strategies were chosen on two other panels of the same generator ("
        f"{' and '.join(map(str, CHOOSING_SEEDS))}), which are not judged here.\n",
        *table(summary, seconds),
        "",
        f"{COLUMNS}\n",
        *sentences(summary),
        "",
    ]
    arguments.output.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
