"""What ``wattshed memory`` prints: a table per model, a row per level, then what each level takes and leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.memory.accounting.megabytes import megabytes_text

if TYPE_CHECKING:
    from rich.console import Console

    from wattshed.training.footprint.report import LevelsReport

LONGEST_PLACE = 20
NUMBERS = ("peak MB", "model", "activations", "saved")


def print_levels(reports: Sequence[LevelsReport], left: Sequence[str]) -> None:
    """Tables fit a terminal of 80 columns. left: models without gradient steps."""
    console = open_console()
    for report in reports:
        _print_model(console, report)
    if reports:
        console.print(
            "Model: weights, gradients and the optimiser's state at the peak. What is missing to the sum is the "
            "series, the batch, and averaged and best weights. Saved: the most that autograd holds for the backward "
            "pass. --json has each part.",
            highlight=False,
        )
    if left:
        console.print(
            f"Without gradient steps, so without a prediction: {', '.join(left)}.",
            markup=False,
            highlight=False,
        )


def _print_model(console: Console, report: LevelsReport) -> None:
    known = report.limit_bytes != float("inf")
    limit = (
        f"limit {megabytes_text(report.limit_bytes)} MB ({report.limit_source})"
        if known
        else "no known limit"
    )
    table = plain_table(
        f"{report.model}: predicted peak by level [MB]; {limit}",
        *("level", *NUMBERS, "peak in", "fits"),
        numeric=NUMBERS,
    )
    plans: list[str] = []
    kinds_of: dict[str, list[str]] = {}
    for level, found in report.levels.items():
        one = found.footprint
        table.add_row(
            level,
            megabytes_text(one.peak_bytes),
            megabytes_text(one.weights_bytes + one.gradients_bytes + one.optimiser_bytes),
            megabytes_text(one.activations_bytes),
            megabytes_text(one.saved_bytes),
            _short(f"{one.phase_of_peak}, {one.operation_of_peak.removeprefix('aten.')}"),
            "yes" if one.peak_bytes <= report.limit_bytes else "no",
        )
        if found.plan.names:
            plans.append(f"  {level:7} {', '.join(found.plan.names)}")
        for kind, reason in found.plan.left_out:
            kinds = kinds_of.setdefault(reason, [])
            if kind not in kinds:
                kinds.append(kind)
    console.print(table)
    reasons = [f"  left out: {', '.join(kinds)} ({reason})" for reason, kinds in kinds_of.items()]
    for line in [*plans, *reasons]:
        console.print(line, markup=False, highlight=False)
    console.print()


def _short(place: str) -> str:
    """Names of kernels take half a line; --json has them whole."""
    return place if len(place) <= LONGEST_PLACE else f"{place[: LONGEST_PLACE - 2]}.."
