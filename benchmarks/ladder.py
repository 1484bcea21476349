"""Write docs/ladder.md from the ladders that were climbed, each by `snakemake ladder --configfile ...`.

A study that was not run is said to be so; machine, date and commit are those of its ledgers.
"""

import argparse
import json
import shutil
from pathlib import Path

from wattshed.accounts.advice import advise
from wattshed.accounts.frames import read_frame
from wattshed.data.panel import Panel
from wattshed.publish.ladder_table import ladder_tables
from wattshed.publish.markdown import render_markdown
from wattshed.publish.what_to_use import what_to_use_sentence

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ("ladder_homes", "ladder_nations", "ladder_texas", "ladder_synthetic")


def section(study: str, results: Path, docs: Path) -> str:
    """One study's part of the page; copies its figure beside it."""
    command = f"snakemake ladder --cores all --configfile config/{study}.yaml"
    heading = f"## `{study}`\n\n`{command}`\n"
    folder = results / study
    if not (folder / "ladder.parquet").is_file():
        return f"{heading}\nNot run.\n"
    panel = Panel.read(folder / "data/panel.safetensors")
    ladder, scores = read_frame(folder / "ladder.parquet"), read_frame(folder / "accuracy/scores.parquet")
    advice = what_to_use_sentence(advise(scores, ladder), panel.unit)
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
        "Made by `make benchmark-ladder` from the results of the studies below. From the source study's recipe to the",
        "product's, one change a step; [methods.md](methods.md) tells how energies to an error are counted.\n",
        *(section(study, arguments.results, arguments.output.parent) for study in STUDIES),
    ]
    arguments.output.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
