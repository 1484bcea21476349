"""Write docs/clock_prediction.md: do probes predict the setting of an unseen workload or GPU better than guesses?

Read are recordings of others (``--recordings``): power limits of two GPUs and clocks of two more. Cells whose choice is
refused are left out. Families of workloads and GPUs are left out whole.
"""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from wattshed.clocks.cells import Cell, cells
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose_cell
from wattshed.clocks.predicting.cell_curve import CellCurve, curve_of
from wattshed.clocks.predicting.held_out import held_out
from wattshed.clocks.predicting.verdict import Standing, standings
from wattshed.clocks.recordings.recording import read_recording
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
LIMITS = (0.02, 0.05, 0.10)
GROUPS = {
    "Power limits (Zeus traces: A40 and V100, training of six networks)": (
        "power_limit_a40.csv",
        "power_limit_v100.csv",
    ),
    "Clocks (A100 and V100, four applications)": ("clock_sweeps.csv",),
}
METHOD = """
A picker gets no run (opponents), one run at the maximum, or three runs at 100, 70 and 50 % of the maximum of the
workload that is left out. *prior*: a joint normal law of the other workloads, conditioned on the probes; *law*: T = a
+ b fmax/f and P = p0 + p1 (f/fmax)^k through the probes alone, with what they leave over interpolated (added after a
first look at these recordings). The workload's own runs then say what the pick saves; a pick that breaks the limit
counts as saving nothing. Leads are percentage points of the energy at the maximum, with a bootstrap 95 % interval
over families of workloads. With five or fewer families such an interval is too narrow rather than too wide, and with
two GPUs nothing is known of how GPUs differ. *tuned_share* is one relative setting for all, tuned on the other
workloads for the same aim; *best_probe* takes the best of the three probes itself. The strongest opponent is named in
hindsight. Power-limit traces have one run per limit, so that a probe and the truth share that run.
"""
NETWORK = 1  # word of a trace's workload: data set, network, batch size, optimiser


def curves_of(paths: list[Path], limit: float) -> tuple[list[CellCurve], list[str]]:
    """Curves of all cells that may be used, and the titles of those that were refused."""
    curves, refused = [], []
    for path in paths:
        for cell, rows in cells(read_recording(RecordingBlock(path=str(path)))):
            if (
                not rows["setting"].is_unique
                and choose_cell(rows, Limits(limit), "least_energy", 0).status == "refused"
            ):
                refused.append(cell.title)
                continue
            curve = curve_of(rows, family(cell))
            if curve is not None:
                curves.append(curve)
    return curves, refused


def family(cell: Cell) -> str:
    """The network of a trace; an application is its own family."""
    words = cell.workload.split()
    return words[NETWORK] if cell.knob == "power_limit" and len(words) > NETWORK else cell.workload


def page_of(found: dict[tuple[str, float], tuple[list[Standing], int, list[str]]]) -> list[str]:
    lines = []
    for group in GROUPS:
        lines += [f"## {group}", ""]
        for limit in LIMITS:
            rows, cells_used, refused = found[group, limit]
            left = f" Refused and left out: {', '.join(refused)}." if refused else ""
            lines += [
                f"### At most {limit:.0%} slower ({cells_used} cells)",
                "",
                *([left.strip(), ""] if left else []),
            ]
            lines += [
                "| left out | probes | picker | picks | limit kept | saved, median | best possible, median | mean lead "
                "on the median optimum | mean lead on the strongest opponent | verdict |",
                "|---|---|---|---|---|---|---|---|---|---|",
            ]
            lines += [
                row_text(row) for row in rows if row.policy == "3 probes" or row.picker in ("law", "prior")
            ]
            lines.append("")
    return lines


def row_text(row: Standing) -> str:
    def points(value: float | None, low: float | None, high: float | None) -> str:
        if value is None or low is None or high is None:
            return "–"
        return f"{100 * value:+.1f} [{100 * low:.1f}, {100 * high:.1f}]"

    def percent(value: float) -> str:
        return "–" if pd.isna(value) else f"{100 * value:.1f} %"

    against = (
        f"{points(row.ahead, row.ahead_low, row.ahead_high)} ({row.strongest})"
        if row.ahead is not None
        else "–"
    )
    return (
        f"| {row.split} | {row.policy} | {row.picker} | {row.picked} of {row.cells} | {percent(row.kept_share)} | "
        f"{percent(row.saving_share)} | {percent(row.best_share)} | {points(row.lead, row.lead_low, row.lead_high)} | "
        f"{against} | {row.words} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of the recorded sweeps")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/clock_prediction.md", help="page to write"
    )
    arguments = parser.parse_args()
    found = {}
    for group, names in GROUPS.items():
        for limit in LIMITS:
            curves, refused = curves_of([arguments.recordings / name for name in names], limit)
            rows = standings(held_out(curves, limit), seed=0)
            found[group, limit] = (rows, len(curves), refused)
    lines = [
        "# Clocks and power limits of workloads that were never swept",
        "",
        "Made by `benchmarks/clock_prediction.py` from recordings of others; nothing here was measured by us.",
        "",
        f"Machine: {describe_machine()['processor']}. Date: {datetime.now(UTC):%Y-%m-%d}. "
        f"Commit: {commit_text(describe_commit())}.",
        "",
        METHOD.strip(),
        "",
        *page_of(found),
    ]
    arguments.output.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    record = [
        {"recordings": group, "max_slowdown_share": limit, **asdict(row)}
        for (group, limit), (rows, _, _) in found.items()
        for row in rows
    ]
    text = json.dumps(record, indent=1).replace("NaN", "null")
    arguments.output.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
