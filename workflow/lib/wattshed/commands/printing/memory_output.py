"""What ``wattshed memory`` prints: one table per model, one row per level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wattshed.commands.printing.screen import open_console, plain_table

if TYPE_CHECKING:
    from wattshed.training.footprint.report import LevelsReport

MB = 1e6
PARTS = ("weights", "gradients", "optimiser", "activations")
NUMBERS = ("peak MB", *PARTS, "saved")


def print_levels(reports: Sequence[LevelsReport], left: Sequence[str]) -> None:
    """left: models without gradient steps."""
    console = open_console()
    for report in reports:
        known = report.limit_bytes != float("inf")
        limit = (
            f"limit {report.limit_bytes / MB:,.0f} MB ({report.limit_source})" if known else "no known limit"
        )
        table = plain_table(
            f"{report.model}: predicted peak by level [MB]; {limit}",
            *("level", *NUMBERS, "peak in", "fits", "mechanisms"),
            numeric=NUMBERS,
        )
        reasons: dict[str, str] = {}
        for level, found in report.levels.items():
            one = found.footprint
            parts = (getattr(one, f"{part}_bytes") for part in PARTS)
            table.add_row(
                level,
                _mb(one.peak_bytes),
                *(_mb(part) for part in parts),
                _mb(one.saved_bytes),
                f"{one.phase_of_peak}, {one.operation_of_peak.removeprefix('aten.')}",
                "yes" if one.peak_bytes <= report.limit_bytes else "no",
                ", ".join(found.plan.names) or "none",
            )
            reasons |= dict(found.plan.left_out)
        console.print(table)
        for kind, reason in reasons.items():
            console.print(f"  left out: {kind} ({reason})", markup=False, highlight=False)
    if reports:
        console.print(
            "Parts are those at the peak; what is missing to the sum is the series, the batch, and averaged and best "
            "weights. Saved: the most that autograd holds for the backward pass.",
            highlight=False,
        )
    if left:
        console.print(
            f"Without gradient steps, so without a prediction: {', '.join(left)}.",
            markup=False,
            highlight=False,
        )


def _mb(count: float) -> str:
    return f"{count / MB:,.1f}"
