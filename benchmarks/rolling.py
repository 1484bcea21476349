"""Write docs/rolling.md from the rolling origins that `snakemake rolling --configfile ...` trained.

A study that was not run is said to be so; machine, date and commit are those of its ledgers.
"""

import shutil
from pathlib import Path

import pandas as pd
from page_parts import origin_of_jobs, page_parser, panel_text, percent_text

from wattshed.accounts.runs.runs import runs_frame
from wattshed.data.panel import Panel
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.publish.tables.rolling import rolling_tables
from wattshed.publish.typesetting.markdown import render_markdown

STUDIES = ("rolling_homes",)


def section(study: str, results: Path, docs: Path) -> str:
    """One study's part of the page; copies its figure beside it."""
    heading = f"## `{study}`\n\n`snakemake rolling --cores all --configfile config/{study}.yaml`\n"
    folder = results / study
    if not (folder / "rolling.parquet").is_file():
        return f"{heading}\nNot run.\n"
    panel = Panel.read(folder / "data/panel.safetensors")
    rolling = read_frame(folder / "rolling.parquet", COLUMNS["rolling"])
    origins = read_frame(folder / "rolling.origins.parquet", COLUMNS["origins"])
    shutil.copyfile(folder / "figures/rolling.png", docs / f"{study}.png")
    parts = [
        heading,
        f"{panel_text(panel)}\n\n{_origin(folder)}\n",
        f"{sentences(rolling, origins, panel.unit)}\n",
        f"![Error at each origin, and the change over all of them]({study}.png)\n",
        *(render_markdown(table) for table in rolling_tables(rolling, origins, panel.unit).values()),
    ]
    return "\n".join(parts)


def sentences(rolling: pd.DataFrame, origins: pd.DataFrame, unit: str) -> str:
    """What follows from the tables, in words."""
    best = rolling[rolling["best"]].iloc[0]
    lines = [
        f"The validation parts choose **{best['model']}**: RMSE {best['rmse_mean']:.4f} {unit} over {best['origins']} "
        f"test parts, the least in {best['won']} of them."
    ]
    for outcome, said in (
        ("better", "Better on the test parts"),
        ("not told apart", "Not told apart from it"),
        ("worse", "Worse"),
    ):
        found = rolling[rolling["outcome"] == outcome]
        named = [f"{row['model']} ({_change(row)})" for _, row in found.iterrows()]
        if named:
            lines.append(f"{said}: {', '.join(named)}.")
    means = origins.groupby(["model", "origin"])["rmse"].mean().unstack()
    own = means.loc[best["model"]]
    lines.append(
        f"Its RMSE goes from {own.min():.4f} to {own.max():.4f} {unit} between origins: one test part alone says "
        "little of another season."
    )
    return " ".join(lines)


def _change(row: pd.Series) -> str:
    return percent_text(row["change_share"], row["change_low"], row["change_high"])


def _origin(folder: Path) -> str:
    """Machine, days, commits, duration and processor time of the jobs, as their ledgers tell them."""
    ledgers = sorted((folder / "ledger/rolling").glob("*.jsonl"))
    runs = runs_frame(ledgers)
    own_s, wall_s = runs["own_cpu_s"].sum(), runs["duration_s"].sum()
    return (
        f"{origin_of_jobs(ledgers)} All jobs together: {own_s:.0f} s of their own processor time, "
        f"{wall_s:.0f} s of wall time."
    )


def main() -> None:
    parser = page_parser(__doc__, "docs/rolling.md")
    arguments = parser.parse_args()
    if not any((arguments.results / study / "rolling.parquet").is_file() for study in STUDIES):
        parser.error(
            f"{arguments.results} holds none of the studies {', '.join(STUDIES)}: run one of them first"
        )
    text = [
        "# Rolling origins\n",
        "Made by `make benchmark-rolling`. One test part is one season: here each model is trained and scored several",
        "times, each time with a later test part, and with training and validation parts of its own before it.",
        "[methods.md](methods.md) says how the parts are cut and how models are compared. A study asks for it by the",
        "key `rolling` (`config/schema.json` describes its keys).\n",
        *(section(study, arguments.results, arguments.output.parent) for study in STUDIES),
    ]
    arguments.output.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
