"""The page of benchmarks/memory_tables.py."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wattshed.accounts.claims.claim import Topic
from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.results import Results
from wattshed.publish.tables.claims import COLUMNS, claim_rows
from wattshed.publish.tables.memory_inference import memory_inference_table
from wattshed.publish.tables.memory_speed import memory_speed_table
from wattshed.publish.tables.memory_training import memory_training_table
from wattshed.publish.typesetting.markdown import render_markdown
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table, plain

NAMES = {
    "gnn_stan": "GNN-STAN, the base form of the source",
    "transformer": "Transformer on pairs",
    "stgnn": "STGNN with dense supervision (sequences)",
}
STAN = "gnn_stan"
# Model, plan, length, most of the plain step's peak.
PEAKS = (
    (STAN, "fused_attention", 1000, 0.50),
    (STAN, "fused_attention + graph checkpointing", 1000, 0.40),
    (STAN, "aggregation", 352, 0.60),
)
MOST_OVERHEAD, MOST_ERROR = 1.35, 0.10
LEVELS = ("low", "medium", "high")
TOPICS = (Topic.MEMORY, Topic.TIME_AND_SIZE)


def page(steps: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """Markdown of one run. steps: rows of ``memory/steps.parquet``; about: machine, date, commit and sizes."""
    lines = [
        "# Memory of training steps: three tables",
        "",
        f"Made by `make benchmark-memory-tables` on {about['machine']} ({about['device']}, {about['threads']} "
        f"{'thread' if about['threads'] == 1 else 'threads'}), {about['made']}, commit {about['commit']}, in "
        f"{about['took_s']} s. [memory.md](memory.md) says what each number means. GNN-STAN sees made series of "
        f"{about['regions']} regions, the others a made panel. Dropout is 0 everywhere, so that like is compared with "
        f"like. Each measured plan has {about['repeats']} steps, in turns with the others of its cell. Cells whose "
        f"predicted peak is over {about['largest_mb'] / 1000:g} GB, and long windows in large batches, are "
        "predicted only.",
        "",
        "## Aims",
        "",
        render_markdown(aims_table(steps)),
        "## Claimed and measured",
        "",
        render_markdown(claims_table(steps)),
    ]
    for model in steps["model"].unique():
        own = steps[steps["model"] == model]
        lines += [f"## {NAMES.get(model, model)}", ""]
        for table in (memory_training_table, memory_speed_table, memory_inference_table):
            lines += [render_markdown(table(own))]
    lines += [
        "## Live bytes over a step",
        "",
        "Of each model's largest measured cell at the smallest batch.",
        "",
        "![Live bytes over a training step by memory level](memory_tables.png)",
        "",
    ]
    return "\n".join(lines)


def aims_table(steps: pd.DataFrame) -> Table:
    """What was aimed at beforehand, and what was found."""
    rows = [*_peaks(steps), *_overheads(steps), _errors(steps)]
    columns = [Column("Aim"), Column("At most", "%", numeric=True), Column("Found", "%"), Column("Met")]
    note = (
        "Peaks are shares of the plain step's at the smallest batch, measured where they were, else predicted. "
        "Weights, optimiser and data are in both; a share without them is beside it. Overhead: the largest over all "
        "measured cells of the level."
    )
    return Table("aims", f"Aims, n = {len(rows)}.", columns, rows, [note])


def _peaks(steps: pd.DataFrame) -> list[list[Cell]]:
    rows = []
    for model, plan, length, most in PEAKS:
        at = steps[(steps["model"] == model) & (steps["level"] == plan) & (steps["length"] == length)]
        at = at.sort_values("batch").head(1)
        share, how = None, ""
        if len(at):
            row = at.iloc[0]
            measured = pd.notna(row["measured_peak_share"])
            share = row["measured_peak_share"] if measured else row["predicted_peak_share"]
            how = "" if measured else " (predicted)"
            how += _of_the_step(row, steps)
        rows.append(_row(f"Peak of {model} with {plan} at T = {length}", most, share, how))
    return rows


def _of_the_step(row: pd.Series, steps: pd.DataFrame) -> str:
    """The share of what the steps themselves allocate, without what they find."""
    same = (steps["level"] == "none") & (steps["model"] == row["model"])
    same &= (steps["length"] == row["length"]) & (steps["batch"] == row["batch"])
    base = steps[same]
    if base.empty or pd.isna(row["before_bytes"]):
        return ""
    kind = "measured" if pd.notna(row["measured_peak_bytes"]) else "predicted"
    own, plain_own = (one[f"{kind}_peak_bytes"] - one["before_bytes"] for one in (row, base.iloc[0]))
    return f"; {plain(100 * own / plain_own, 1)} without weights, optimiser and data"


def _overheads(steps: pd.DataFrame) -> list[list[Cell]]:
    rows = []
    for model in steps["model"].unique():
        for level in LEVELS:
            own = steps[(steps["model"] == model) & (steps["level"] == level) & steps["step_share"].notna()]
            if own.empty or (own["mechanisms"].fillna("") == "").all():
                continue
            worst = own.loc[own["step_share"].idxmax()]
            energy = worst["energy_share"]
            how = f" at T = {worst['length']}, batch {worst['batch']}"
            if pd.notna(energy):
                how += f"; energy {plain(100 * energy, 0)} % ({worst['energy_status']})"
            rows.append(_row(f"Time of a step of {model}, {level}", MOST_OVERHEAD, worst["step_share"], how))
    return rows


def _errors(steps: pd.DataFrame) -> list[Cell]:
    off = (steps["predicted_peak_bytes"] / steps["measured_peak_bytes"] - 1).abs().dropna()
    return _row(
        "Largest error of a predicted peak",
        MOST_ERROR,
        off.max() if len(off) else None,
        f", {len(off)} steps",
    )


def _row(aim: str, most: float, found: float | None, how: str) -> list[Cell]:
    known = found is not None and pd.notna(found)
    met = MISSING if not known else "yes" if found <= most else "no"
    text = f"{plain(100 * found, 1)}{how}" if known else "not in this run"
    return [Cell(aim), Cell(plain(100 * most, 0)), Cell(text), Cell(met)]


def claims_table(steps: pd.DataFrame) -> Table:
    """The claims of the source about memory and speed against this run, by the rule of all claims."""
    results = Results({"memory_steps": steps}, {"models": {}, "recipes": {}})
    frame = claims_frame(["gnn_stan"], results)
    own = frame[frame["topic"].isin(TOPICS)]
    count = own["claim"].nunique()
    note = (
        "A claim holds if the whole 95 % interval over cells of length and batch meets it, and does not hold if the "
        "whole interval misses it; else it is undecided. Counted bytes have the range of the cells in its place."
    )
    return Table("claims", f"Claims of GNN-STAN's source, n = {count}.", COLUMNS, claim_rows(own), [note])
