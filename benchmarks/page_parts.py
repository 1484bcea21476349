"""What pages made from studies share: the studies' origin, panel and company, and changes in percent."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.ladder.origin import origin_of
from wattshed.data.panel import Panel

ROOT = Path(__file__).resolve().parent.parent


def page_parser(description: str | None, page: str) -> argparse.ArgumentParser:
    """A parser with ``--results`` and ``--output``; page: where it is written unless ``--output`` is given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--results", type=Path, default=ROOT / "results", help="folder of the studies' results"
    )
    parser.add_argument("--output", type=Path, default=ROOT / page, help="page to write")
    return parser


def panel_text(panel: Panel) -> str:
    """Source and size, and a warning where the panel was invented."""
    warning = " **An invented panel: of its errors nothing follows.**" if panel.synthetic else ""
    return f"{panel.source}: {len(panel.node_names):,} nodes x {len(panel.times):,} h.{warning}"


def origin_of_jobs(ledgers: Iterable[Path]) -> str:
    """Machines, days and commits of the jobs that wrote these ledgers."""
    return origin_text(origin_of(sorted(ledgers)))


def origin_text(found: dict[str, Any]) -> str:
    """Machines, days and commits of a record."""
    parts = (("Machine", "machines"), ("Date", "days"), ("Commit", "commits"))
    return " ".join(f"{name}: {'; '.join(found[key])}." for name, key in parts)


def company(ladder: pd.DataFrame) -> str:
    """Whether the trainings had the machine to themselves."""
    beside = int((ladder["not_alone"] > 0).sum())
    if not beside:
        return "The machine was quiet."
    return f"Other programs ran beside {beside} of {len(ladder)} steps: own energies leave them out, times hold them."


def percent_text(share: float, low: float, high: float) -> str:
    """A change with its interval, such as ``-3.1 % [-4.0, -2.2]``; shares are fractions of 1.

    Missing bounds (NaN) are left out.
    """
    ends = "" if pd.isna(low) else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * share:+.1f} %{ends}"
