"""Write docs/ladder.md from the ladders that were climbed, each by `snakemake ladder --configfile ...`.

A study that was not run is said to be so; machine, date and commit are those of its ledgers and records.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from page_parts import ROOT, company, origin_of_jobs, origin_text, page_parser, panel_text

from wattshed.accounts.comparison.decisions import decide
from wattshed.accounts.ladder.energy_to_error import BEST_NAIVE, NEAR_BEST
from wattshed.accounts.ladder.parts import PART
from wattshed.config.models.controls import SHUFFLED
from wattshed.config.models.ladder import LadderBlock
from wattshed.config.study import load_study
from wattshed.data.panel import Panel
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.frames import read_frame
from wattshed.foundation.writing import write_text
from wattshed.publish.sentences.what_to_use import what_to_use_sentence
from wattshed.publish.tables.ladder import ladder_tables
from wattshed.publish.typesetting.markdown import render_markdown
from wattshed.publish.typesetting.table import significant_text

STUDIES = ("ladder_homes", "ladder_nations", "ladder_texas", "ladder_synthetic")
SHOWN_POINTS = 3
INTRODUCTION = """# The ladder

Made by `make benchmark-ladder` from the results of the studies below. What every training technique is worth: from
the source study's network to `residual_stgnn`; each step names what it changes. [methods.md](methods.md) says how
energies to an error are counted.

* **Opponents get a grid of the same kind as our own network**: batch, rate and loss, chosen on validation. Each study
  says below which grid was trained to its end. Opponents learn until 12 looks bring no progress, without a cap.
* **The source study's own recipe is kept as a record**, so that it need not be repeated. The record says how far it
  came.
* **No ratio by itself says much**: it depends on the error at which it is read. So the figure shows the energy to every
  error from the best naive forecast down to the best model, and the tables read ratios at named errors.
* **Every recipe of a ladder is looked at after the same number of samples** (the study's record: after each of its
  epochs). The looks' energy is counted in whole trainings, and left out of energies to an error.
"""


RECORD_NOTE = "Rows of a recorded step: its study says below how many seeds it has, and what ran beside it."
USELESS_NOTE = (
    "\\* Read at a validation error that a naive forecast beats: the opponent comes no further there."
)


def lead(results: Path) -> list[str]:
    """The parts of the lead, study by study: a Markdown table."""
    lines = [
        "| study | part | from | to | less energy, whole training | less energy, same error | test RMSE |",
        "|---|---|---|---|---|---|---|",
    ]
    marked = False
    for study in STUDIES:
        path = results / study / "ladder.parts.parquet"
        if not path.is_file():
            continue
        parts, targets = read_frame(path), read_frame(results / study / "ladder.targets.parquet")
        naive = targets.loc[targets["useful"], "target_rmse"].max()
        for _, row in parts[parts["kind"] == PART].iterrows():
            change = 100 * (row["quick_rmse"] / row["slow_rmse"] - 1)
            is_useless = row["error_rmse"] > naive and pd.notna(row["error_ratio"])
            marked |= is_useless
            cells = [
                f"`{study}`",
                *(str(row[name]) for name in ("name", "slow", "quick")),
                times(row, "training_ratio"),
                times(row, "error_ratio", row["error_ratio_is"]) + "*" * is_useless,
                "–" if pd.isna(change) else f"{change:+.1f} %",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return [*lines, "", *([USELESS_NOTE] if marked else []), RECORD_NOTE]


def times(row: pd.Series, name: str, kind: str = "") -> str:
    """A ratio with its interval; a dash where there is none."""
    ratio, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(ratio):
        return "–"
    ends = "" if pd.isna(low) else f" [{significant_text(low)}, {significant_text(high)}]"
    return f"{kind} {significant_text(ratio)}x{ends}".strip()


def records(ladder: LadderBlock) -> list[str]:
    """What was recorded for a ladder: trainings, and the grids of both sides."""
    lines = []
    for name, block in ladder.recorded.items():
        found = read_json(block.path)
        ended = (
            f"seeds {', '.join(map(str, found.get('seeds', [])))} to their end"
            if found["finished"]
            else "**not to its end yet: it still runs**"
        )
        place = Path(block.path)
        lines.append(
            f"* `{name}` ([{place.name}]({place.relative_to('docs')})): {found['what']}, {ended}: "
            f"{len(found['checks'])} checks, {found['own_cpu_s']:,.0f} CPU-s of its own beside "
            f"{found['others_cpu_s']:,.0f} CPU-s of other programs. {origin_text(found)}"
        )
    if ladder.tuning is None or not (ROOT / ladder.tuning.record).is_file():
        return lines
    tuned = read_json(ladder.tuning.record)
    for name in ladder.tuning.grids:
        if name not in tuned:
            lines.append(f"* Grid of `{name}`: **no record yet**; its recipe is an interim choice.")
    for name, found in tuned.items():
        best = sorted(found["points"], key=lambda point: point["validation_rmse"])[:SHOWN_POINTS]
        shown = ", ".join(f"{point['point']} {point['validation_rmse']:.4f}" for point in best)
        lines.append(
            f"* Grid of `{name}`: {len(found['points'])} points, seeds {', '.join(map(str, found['seeds']))}, "
            f"{found['own_kwh'] * JOULES_PER_KWH:,.0f} J of its own, {found['own_cpu_s']:,.0f} CPU-s. Chosen: "
            f"{found['chosen']}. The best by validation RMSE: {shown}. {origin_text(found)}"
        )
    return lines


def grid_of_trees() -> str:
    """What tuning the strongest trees took, which no ladder counts."""
    found = read_json("docs/ladder/tuning_trees.json")
    return (
        f"* **The strongest trees** (`{found['model']}`) have the best of {len(found['points'])} settings on the "
        f"homes; this grid took {found['energy_kwh'] * JOULES_PER_KWH:,.0f} J of its own, {found['own_cpu_s']:,.0f} "
        "CPU-s ([tuning_trees.json](ladder/tuning_trees.json)), which no column below counts.\n"
    )


def section(study: str, results: Path, docs: Path) -> str:
    """One study's part of the page; copies its figure beside it."""
    command = f"snakemake ladder --cores all --configfile config/{study}.yaml"
    heading = f"## `{study}`\n\n`{command}`\n"
    folder = results / study
    config = (ROOT / f"config/{study}.yaml").read_text(encoding="utf-8")
    loaded = load_study(yaml.safe_load(config))
    block = loaded.ladder
    kept = [*records(block), ""] if block else []
    if not (folder / "ladder.targets.parquet").is_file():
        return "\n".join([heading, "**Not run since its recipes were changed.**\n", *kept])
    panel = Panel.read(folder / "data/panel.safetensors")
    frames = [read_frame(folder / f"ladder.{name}parquet") for name in ("", "targets.", "parts.")]
    ladder, days = frames[0], read_frame(folder / "accuracy/days.parquet")
    own_days = days[days["model"].isin(ladder["model"])]
    controls = [name for name, model in loaded.models.items() if model.graph == SHUFFLED]
    decisions = decide(own_days, ladder, controls=controls)
    shutil.copyfile(folder / "figures/ladder.png", docs / f"{study}.png")
    origin = origin_of_jobs((folder / "ledger/training").glob("*.jsonl"))
    parts = [
        heading,
        f"{panel_text(panel)} {origin} {company(ladder)}\n",
        f"{what_to_use_sentence(decisions, panel.unit)}\n",
        f"{named_errors(frames[1], panel.unit)}\n",
        *kept,
        f"![Energy to reach an error]({study}.png)\n",
        *(render_markdown(table) for table in ladder_tables(*frames, panel.unit).values()),
    ]
    return "\n".join(parts)


def named_errors(targets: pd.DataFrame, unit: str) -> str:
    """Who comes to the two ends of the useful range."""
    texts = []
    for name in (BEST_NAIVE, NEAR_BEST):
        there = targets[targets["target"] == name]
        if there.empty:
            continue
        came = there[there["reached"] == there["seeds"]]
        texts.append(
            f"{name[0].upper()}{name[1:]}, {there['target_rmse'].iloc[0]:.4g} {unit} on validation: "
            f"{len(came)} of {len(there)} steps come there with every seed."
        )
    return " ".join(texts)


def read_json(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def main() -> None:
    parser = page_parser(__doc__, "docs/ladder.md")
    arguments = parser.parse_args()
    if not any((arguments.results / study / "ladder.targets.parquet").is_file() for study in STUDIES):
        parser.error(
            f"{arguments.results} holds none of the studies {', '.join(STUDIES)}: run one of them first"
        )
    parts = [
        INTRODUCTION + grid_of_trees(),
        "## The parts of the lead\n",
        *lead(arguments.results),
        "",
        *(section(study, arguments.results, arguments.output.parent) for study in STUDIES),
    ]
    write_text(arguments.output, "\n".join(parts))


if __name__ == "__main__":
    main()
