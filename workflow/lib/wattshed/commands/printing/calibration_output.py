"""What ``wattshed calibrate`` prints: a line of progress, and a summary of the profile."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.text import Text

from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.foundation.faults import say
from wattshed.law.profile.device_profile import DeviceProfile, TimeLaw


class ProgressLine:
    """One line on a terminal that is written again and again; elsewhere a line for each quarter of the time."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._quarter = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            self._write("\r\x1b[K")

    def show(self, what: str, share: float) -> None:
        """what: is being done; share: of the seconds that are over."""
        if self._terminal:
            self._write(f"\r\x1b[Kcalibrating, {100 * share:.0f} % of the time: {what}")
        elif int(4 * share) > self._quarter:
            self._quarter = int(4 * share)
            say(f"calibrating, {100 * share:.0f} % of the time: {what}")

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            # A closed terminal ends no calibration.
            return


def print_summary(profile: DeviceProfile, output: Path, ledger: Path) -> None:
    """Laws with their errors, power, errors of families that were left out, energy, and what comes next."""
    console = open_console()
    table = plain_table(
        "Laws of time",
        *("operations", "direction", "form", "error", "sizes", "FLOPs"),
        numeric=("error", "sizes"),
    )
    for law, direction, kinds in _alike(profile):
        table.add_row(
            ", ".join(kinds),
            direction,
            law.form,
            f"{100 * law.error_share:.1f} %",
            str(law.points),
            f"{law.flops_low:.1e} to {law.flops_high:.1e}",
        )
    console.print(table)
    table = plain_table(
        "Training steps of families that were left out",
        *("family", "steps", "mean error", "median of measured / predicted"),
        numeric=("steps", "mean error", "median of measured / predicted"),
    )
    for family, errors in profile.log_errors.items():
        table.add_row(
            family,
            str(len(errors)),
            f"{100 * statistics.mean(abs(math.exp(-one) - 1) for one in errors):.1f} %",
            f"{math.exp(statistics.median(errors)):.2f}",
        )
    console.print(table)
    for sentence in sentences(profile, output, ledger):
        console.print(Text(sentence))


def sentences(profile: DeviceProfile, output: Path, ledger: Path) -> list[str]:
    """Power, step terms, energy, what has few points, where the profile is, and the next command."""
    kinds_of: dict[str, list[str]] = {}
    for kind, watts in profile.power_w.items():
        kinds_of.setdefault(f"{watts:.3g} W", []).append(kind)
    shown = "; ".join(
        watts
        + ("" if len(kinds_of) == 1 else f" for {'the others' if 'default' in kinds else ', '.join(kinds)}")
        for watts, kinds in kinds_of.items()
    )
    record = profile.calibration
    few = (
        [
            f"The time gave few sizes, or none, to: {', '.join(_kinds(record.few_points))}; give more --seconds."
        ]
        if record.few_points
        else []
    )
    return [
        f"Device: {profile.device.kind} {profile.device.name}, {profile.device.threads} thread(s), torch "
        f"{profile.device.torch}, engine {profile.device.engine}.",
        f"Power of the job's own share while it computes: {shown}.",
        f"A step takes {1e3 * profile.overhead_s:.3g} ms and {profile.step_factor:.3g} times the sum of its "
        "operations.",
        f"The calibration took {record.seconds:.1f} s and {record.energy_j:.4g} J ({record.energy_status}; "
        f"{record.energy_source}); ledger: {ledger}.",
        *few,
        f"Profile: {output}.",
        f"Next: wattshed predict CONFIG --profile {output}",
    ]


def _alike(profile: DeviceProfile) -> list[tuple[TimeLaw, str, list[str]]]:
    """Laws with their direction and the kinds that share them."""
    rows: list[tuple[TimeLaw, str, list[str]]] = []
    for (kind, direction), law in profile.laws.items():
        same = next((kinds for known, where, kinds in rows if where == direction and known == law), None)
        if same is None:
            rows.append((law, direction.value, [kind.value]))
        else:
            same.append(kind.value)
    return rows


def _kinds(names: Sequence[str]) -> list[str]:
    """Each kind once, of names with a direction."""
    return list(dict.fromkeys(name.partition(" ")[0] for name in names))
