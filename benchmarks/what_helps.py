"""Write docs/what_helps.md from the studies of all methods and strategies, and of the source study's first phase.

A study that was not run is said to be so; machine, date and commit are those of its ledgers.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from page_parts import origin_of_jobs, page_parser, percent_text

from wattshed.accounts.claims.claim import Verdict
from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.recommend.choice import recommend_for
from wattshed.accounts.recommend.limits import Limits
from wattshed.accounts.recommend.words import headline
from wattshed.accounts.runs.runs import runs_frame
from wattshed.accounts.standings.adaptation_outcomes import adaptation_outcomes
from wattshed.compression.judge import BASELINE
from wattshed.compression.rises import rise_of
from wattshed.data.panel import Panel
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.vocabulary import Worth
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.adaptation import adaptation_table
from wattshed.publish.tables.checkpoints import checkpoints_tables
from wattshed.publish.tables.claims import claims_tables
from wattshed.publish.tables.compression import compression_table
from wattshed.publish.tables.updates import updates_table
from wattshed.publish.typesetting.markdown import render_markdown
from wattshed.publish.typesetting.table import Table
from wattshed.statistics.intervals import Interval

METHODS, PHASE, STUDENTS = "methods", "phase1", ("methods", "students_nations")
FORECASTS = (1e3, 1e6, 1e9)
BUDGET_SHARE = 0.05
# Claims that compression and later months decide.
CLAIMS = (
    "budget_(pruning|int8|low_rank|distillation|lottery_ticket|plan)|int8_speed|forgetting|replay|ewc|size"
)
LARGEST_STUDENT, ALONE = 502, "student_8_alone"
INTRODUCTION = """# What helps, and by how much

Made by `make benchmark-methods`. Strategies and compression methods on the 17 measured homes, each beside its
control, all seeds paired. [methods.md](methods.md) says how each is computed and from which paper.

* **Energy is that of this machine.** A network of 16 units is small: from which size on a method pays is in
  [break_even.md](break_even.md), and what removed units save on the kernel is in [pruned_kernel.md](pruned_kernel.md).
* **A verdict covers all seeds and blocks of days**, and is corrected for the number of variants. It is about forecasts:
  the energy of making a variant is not in it, but in the recommendations below.
* **Settings are defaults and round numbers; none was tuned.** One was changed after a trial whose test errors
  were seen: the students' recipe is long. Their teacher and their control have it too.
"""


def methods_section(folder: Path, docs: Path) -> list[str]:
    command = f"`snakemake --cores all --configfile config/{METHODS}.yaml`"
    if not (folder / "compression.parquet").is_file():
        return [f"## Compression and later months\n\n{command}\n\nNot run.\n"]
    panel = Panel.read(folder / "data/panel.safetensors")
    compression = read_frame(folder / "compression.parquet", COLUMNS["compression"])
    adaptation = read_frame(folder / "adaptation.parquet", COLUMNS["adaptation"])
    days = pd.concat(
        [read_frame(path) for path in sorted((folder / "adaptation").glob("*.days.parquet"))],
        ignore_index=True,
    )
    for name in ("drift", "matrix"):
        shutil.copyfile(folder / f"figures/{name}.png", docs / f"what_helps_{name}.png")
    return [
        f"{command}, {panel.source}. {_origin(folder)}\n",
        "## In short\n",
        *_in_short(compression, adaptation, days, folder),
        "## Compression: what pays on this machine\n",
        *_by_verdict(compression),
        "",
        render_markdown(_without_reasons(compression_table(compression, panel.unit))),
        "## What to use for how many forecasts\n",
        *_recommended(folder),
        "",
        *(render_markdown(table) for table in _checkpoints(folder, panel.unit)),
        "## Later months: what adapting brings\n",
        *_by_outcome(adaptation, days),
        "",
        "![RMSE of each month before it is learned](what_helps_drift.png)\n",
        "![RMSE on every month after each update](what_helps_matrix.png)\n",
        render_markdown(adaptation_table(adaptation, days, panel.unit)),
        render_markdown(updates_table(adaptation, panel.unit)),
        "## What the source study claims of these\n",
        *(render_markdown(table) for table in _claims(folder)),
    ]


def _recommended(folder: Path) -> list[str]:
    """The report's recommendations: the checkpoint of least total energy within the study's own budgets."""
    checkpoints = read_frame(folder / "checkpoints.parquet", COLUMNS["checkpoints"])
    found = recommend_for(FORECASTS, checkpoints, _compared_days(folder), Limits(0.0, BUDGET_SHARE))
    return [f"* {headline(one)}" for one in found]


def _checkpoints(folder: Path, unit: str) -> list[Table]:
    return list(
        checkpoints_tables(read_frame(folder / "checkpoints.parquet", COLUMNS["checkpoints"]), unit).values()
    )


def _claims(folder: Path) -> list[Table]:
    claims = read_frame(folder / "claims.parquet", COLUMNS["claims"])
    return claims_tables(
        claims[claims["claim"].str.fullmatch(CLAIMS) & (claims["verdict"] != Verdict.NOT_MEASURED)]
    )


def _without_reasons(table: Table) -> Table:
    """The table without the notes on single variants, whose text the list above has."""
    about_all = [note for note in table.notes if note.startswith(("Verdict", "Interval"))]
    return replace(table, notes=about_all)


def _by_verdict(compression: pd.DataFrame) -> list[str]:
    """The variants under each verdict, with the verdict's reasons; controls apart."""
    frame = variant_means(compression)
    frame = frame[frame["verdict"] != BASELINE]
    is_control = frame["variant"].isin(_controls(compression))
    lines = _listed(frame[~is_control])
    if is_control.any():
        lines += ["**Controls**, which only serve to judge the others:", ""]
        lines += [
            f"* `{_lineage(row)}` ({row['verdict']}): {row['reason']}."
            for _, row in frame[is_control].iterrows()
        ]
    return lines


def _controls(compression: pd.DataFrame) -> set[str]:
    if "control" not in compression:
        return set()
    return set(compression.loc[compression["control"].fillna(False).astype(bool), "variant"])


def _in_short(
    compression: pd.DataFrame, adaptation: pd.DataFrame, days: pd.DataFrame, folder: Path
) -> list[str]:
    """What follows from the tables, in a few sentences."""
    frame = variant_means(compression)
    own = frame[(frame["verdict"] != BASELINE) & ~frame["variant"].isin(_controls(compression))]
    worth = own[own["verdict"] == Worth.WORTH_IT]
    lines = ["* Shown to be worth it here: " + (_names(worth["variant"]) or "no variant") + "."]
    if len(worth):
        rises = 100 * worth["rmse_change_share_mean"]
        lines[0] = f"{lines[0][:-1]}; their RMSE changes by {rises.min():+.1f} to {rises.max():+.1f} %."
    compared = _compared_days(folder)
    parents = compression.drop_duplicates("variant").set_index("variant")["parent"]
    taught = [name for name in own["variant"] if name.startswith("student") and name != ALONE]
    changes = {name: _against_alone(compared, str(parents[name]), name) for name in taught}
    known = {name: one for name, one in changes.items() if one is not None and one.high is not None}
    if known:
        better = [name for name, one in known.items() if one.high is not None and one.high < 0]
        lines.append(
            f"* A teacher's effect on a student of the same size and training is shown for {_names(better)}."
            if better
            else "* What a teacher adds is not shown: the same small network, trained without one, is as good."
        )
    outcomes = adaptation_outcomes(adaptation, days)
    for outcome, part in outcomes.groupby("outcome", sort=False):
        shares = 100 * part["change_share"]
        lines.append(
            f"* Updates on later months, {outcome} than none: {_names(part['strategy'])} (RMSE {shares.min():+.1f} to "
            f"{shares.max():+.1f} %)."
            if outcome != "not told apart"
            else f"* Updates on later months, not told apart from none: {_names(part['strategy'])}."
        )
    return [*lines, ""]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _listed(frame: pd.DataFrame) -> list[str]:
    lines = []
    for verdict in (*map(str, Worth), *sorted(set(frame["verdict"]) - set(map(str, Worth)))):
        found = frame[frame["verdict"] == verdict]
        if found.empty:
            continue
        lines += [f"**{verdict[0].upper()}{verdict[1:]}** ({len(found)} of {len(frame)}):", ""]
        lines += [f"* `{_lineage(row)}`: {row['reason']}." for _, row in found.iterrows()]
        lines.append("")
    return lines


def _lineage(row: pd.Series) -> str:
    """A variant's name, after that of its checkpoint where the study compresses several."""
    return f"{row['parent']}+{row['variant']}" if "parent" in row else str(row["variant"])


def _by_outcome(adaptation: pd.DataFrame, days: pd.DataFrame) -> list[str]:
    found = adaptation_outcomes(adaptation, days)
    lines = []
    for outcome, part in found.groupby("outcome", sort=False):
        named = [
            f"`{row['strategy']}` ({percent_text(row['change_share'], row['change_low'], row['change_high'])})"
            for _, row in part.iterrows()
        ]
        lines.append(f"* Prequential RMSE against no update, **{outcome}**: {', '.join(named)}.")
    return lines


def students_section(results: Path) -> list[str]:
    """The distilled students of at most 502 parameters against their teachers."""
    lines = ["## The student of at most 502 parameters\n"]
    for study in STUDENTS:
        path = results / study / "compression.parquet"
        if not path.is_file():
            lines.append(f"* `{study}`: not run.")
            continue
        compression = read_frame(path, COLUMNS["compression"])
        days = _compared_days(results / study)
        frame = variant_means(compression)
        is_small = frame["parameters_mean"] <= LARGEST_STUDENT
        found = frame[frame["variant"].str.startswith("student") & is_small]
        parents = compression.drop_duplicates("variant").set_index("variant")["parent"]
        lines.append(f"* `{study}`: {_origin(results / study)}")
        for row in found.to_dict("records"):
            text = f"* `{study}`: {_student(row)}"
            if row["variant"] != ALONE:
                text += f" {_taught(days, str(parents[row['variant']]), str(row['variant']))}"
            lines.append(text)
        if found.empty:
            lines.append(f"* `{study}`: it has no student of that size.")
    return [*lines, ""]


def _student(row: dict[str, object]) -> str:
    shares = [100 * float(row[f"rmse_change_share_{end}"]) for end in ("mean", "low", "high")]  # type: ignore[arg-type]
    low, high = shares[1:]
    held = (
        "within 5 %"
        if high <= 5
        else "more than 5 %"
        if low > 5
        else "neither shown to be within 5 % nor above"
    )
    return (
        f"`{row['variant']}`, {row['parameters_mean']:.0f} parameters: RMSE {shares[0]:+.1f} % [{low:.1f}, {high:.1f}] "
        f"against its teacher, {held}."
    )


def _taught(days: pd.DataFrame, parent: str, variant: str) -> str:
    """What the teacher brings: the student against the same network that learned without it."""
    change = _against_alone(days, parent, variant)
    if change is None:
        return f"There is no `{ALONE}` to compare with."
    ends = (
        ""
        if change.low is None or change.high is None
        else f" [{100 * change.low:.1f}, {100 * change.high:.1f}]"
    )
    return f"Against the same network without a teacher: {100 * (change.mean or 0):+.1f} %{ends}."


def _against_alone(days: pd.DataFrame, parent: str, variant: str) -> Interval | None:
    rise = rise_of(days, "rmse", f"{parent}+{variant}", f"{parent}+{ALONE}")
    return None if rise is None else rise.change()


def _compared_days(folder: Path) -> pd.DataFrame:
    paths = sorted((folder / "compared").glob("*.days.parquet"))
    return pd.concat([read_frame(path) for path in paths], ignore_index=True)


def phase_section(folder: Path) -> list[str]:
    heading = "## The source study's first phase, technique by technique\n\nMore in [phase1.md](phase1.md).\n"
    if not (folder / "ladder.techniques.parquet").is_file():
        return [f"{heading}\nNot run.\n"]
    techniques = read_frame(folder / "ladder.techniques.parquet")
    lines = [heading]
    for row in techniques.to_dict("records"):
        what = row["key"] if row["keys"] == 1 else f"{row['keys']} keys"
        lines.append(
            f"* `{row['model']}` ({what}), **{row['verdict']}**: energy of a training "
            f"{_change(row, 'training')}, test RMSE {_change(row, 'rmse')} against `{row['base']}`."
        )
    return [*lines, ""]


def _change(row: dict[str, Any], what: str) -> str:
    share, low, high = (row[f"{what}_share{end}"] for end in ("", "_low", "_high"))
    return "unknown" if pd.isna(share) else percent_text(share, low, high)


def _origin(folder: Path) -> str:
    """Machine, days, commits, duration and company of the jobs, as their ledgers tell them."""
    ledgers = sorted((folder / "ledger").rglob("*.jsonl"))
    runs = runs_frame(ledgers)
    return f"{origin_of_jobs(ledgers)} All jobs together: {runs['duration_s'].sum() / 60:.0f} minutes."


def main(arguments: Sequence[str] | None = None) -> None:
    given = page_parser(__doc__, "docs/what_helps.md").parse_args(arguments)
    parts = [
        INTRODUCTION,
        *methods_section(given.results / METHODS, given.output.parent),
        *students_section(given.results),
        *phase_section(given.results / PHASE),
    ]
    write_text(given.output, "\n".join(parts))


if __name__ == "__main__":
    main()
