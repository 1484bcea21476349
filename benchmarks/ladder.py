"""Write docs/ladder.md from the ladders that were climbed, each by `snakemake ladder --configfile ...`.

A study that was not run is said to be so; machine, date and commit are those of its ledgers.
"""

import argparse
import json
import shutil
from pathlib import Path

import pandas as pd

from wattshed.accounts.comparison.decisions import decide
from wattshed.data.panel import Panel
from wattshed.foundation.frames import read_frame
from wattshed.publish.sentences.what_to_use import what_to_use_sentence
from wattshed.publish.tables.ladder import ladder_tables
from wattshed.publish.typesetting.markdown import render_markdown

OURS = "residual_stgnn"
# Models of another kind than the ladder's own steps.
OPPONENTS = (
    *("study", "tuned", "dlinear", "lightgbm", "ridge_graph", "ridge"),
    *("climatology", "seasonal_168h", "seasonal_24h", "persistence"),
)
ROOT = Path(__file__).resolve().parent.parent
STUDIES = ("ladder_homes", "ladder_nations", "ladder_texas", "ladder_synthetic")


def goals(results: Path) -> list[str]:
    """Targets and results, study by study: a Markdown table."""
    lines = [
        f"| study | less energy to the study's best: {OURS}; its linear part (target 100) | to the tuned recipe's best "
        f"(target 30) | test RMSE of {OURS} against the best of the others | LightGBM's energy / that of {OURS} "
        "(target 3) |",
        "|---|---|---|---|---|",
    ]
    for study in STUDIES:
        path = results / study / "ladder.parquet"
        if not path.is_file():
            continue
        ladder = read_frame(path).set_index("model")
        # Steps on the way to our model, and our model without one of its parts, are no opponents.
        climbed = [name for name in ladder.index if name not in OPPONENTS and name != OURS]
        others = ladder.loc[[name for name in ladder.index if name in OPPONENTS]]
        best = others["rmse_mean"].idxmin()
        ours, linear = ladder.loc[OURS], ladder.loc["ridge_graph"]
        change = ours["rmse_mean"] / others.loc[best, "rmse_mean"] - 1
        closest = ladder.loc[climbed, "rmse_mean"].idxmin()
        cells = [
            f"`{study}`",
            f"{_times(ours, 'reference')}; {_times(linear, 'reference')}",
            f"{_times(ours, 'tuned')}; {_times(linear, 'tuned')}",
            f"{ours['rmse_mean']:.4g}: {100 * change:+.1f} % to {best}, {others.loc[best, 'rmse_mean']:.4g} "
            f"(of its own steps, {closest} has {ladder.loc[closest, 'rmse_mean']:.4g})",
            f"{ladder.loc['lightgbm', 'training_kwh_mean'] / ours['training_kwh_mean']:.1f}"
            if "lightgbm" in ladder.index
            else "not run",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _times(row: pd.Series, role: str) -> str:
    ratio, low, high = (row[f"{role}_ratio{part}"] for part in ("", "_low", "_high"))
    if pd.isna(ratio):
        return "not reached"
    return f"{ratio:.3g}x" + ("" if pd.isna(low) else f" [{low:.3g}, {high:.3g}]")


def section(study: str, results: Path, docs: Path) -> str:
    """One study's part of the page; copies its figure beside it."""
    command = f"snakemake ladder --cores all --configfile config/{study}.yaml"
    heading = f"## `{study}`\n\n`{command}`\n"
    folder = results / study
    if not (folder / "ladder.parquet").is_file():
        return f"{heading}\nNot run.\n"
    panel = Panel.read(folder / "data/panel.safetensors")
    ladder, days = read_frame(folder / "ladder.parquet"), read_frame(folder / "accuracy/days.parquet")
    own = days[days["model"].isin(ladder["model"])]
    advice = what_to_use_sentence(decide(own, ladder), panel.unit)
    warning = " **An invented panel: of its errors nothing follows.**" if panel.synthetic else ""
    shutil.copyfile(folder / "figures/ladder.png", docs / f"{study}.png")
    size = f"{len(panel.node_names):,} nodes x {len(panel.times):,} h"
    parts = [
        heading,
        f"{panel.source}: {size}.{warning}\n\n{_origin(folder)}\n",
        f"{advice}\n",
        f"![Error against energy, one line a step]({study}.png)\n",
        *(render_markdown(table) for table in ladder_tables(ladder, panel.unit).values()),
    ]
    return "\n".join(parts)


def _origin(folder: Path) -> str:
    """Machine, days and commits of the trainings, as their ledgers tell them."""
    starts = [
        json.loads(path.read_text(encoding="utf-8").split("\n", 1)[0])
        for path in sorted((folder / "ledger/training").glob("*.jsonl"))
    ]
    machines, days, commits = set(), set(), set()
    for start in starts:
        machine = start["machine"]
        gpus = ", ".join(gpu["name"] for gpu in machine.get("gpus", [])) or "no GPU"
        machines.add(f"{machine['processor']}, {machine['logical_cores']} logical cores, {gpus}")
        days.add(start["started_utc"][:10])
        changed = " with local changes" if start["commit"]["dirty"] else ""
        commits.add(f"{str(start['commit']['commit'])[:12]}{changed}")
    parts = (("Machine", machines), ("Date", days), ("Commit", commits))
    return " ".join(f"{name}: {'; '.join(sorted(found))}." for name, found in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=ROOT / "results", help="folder of the studies' results"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "docs/ladder.md", help="page to write")
    arguments = parser.parse_args()
    text = [
        "# The ladder\n",
        "Made by `make benchmark-ladder` from the results of the studies below. From the source study's recipe to",
        f"that of `{OURS}`, one change per step; [methods.md](methods.md) says how energies to an error are counted.\n",
        "## Targets\n",
        *goals(arguments.results),
        "\nThe opponents are capped, as their captions say. Trained longer, they have lower errors and take more "
        "energy.\n",
        *(section(study, arguments.results, arguments.output.parent) for study in STUDIES),
    ]
    arguments.output.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
