"""Names and labels of a metered block: unique ledgers, and values that a ledger can hold."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed.energy.ledger.scalars import plain_labels, shown
from wattshed.foundation.faults import Fault

UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 80
# Columns of whole numbers in the accounts.
WHOLE = ("seed", "epoch")


def default_name() -> str:
    """The running script's name; ``notebook`` or ``python`` where there is no script."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script:
        return Path(script).stem
    return "notebook" if "ipykernel" in sys.modules else "python"


def ledger_in(folder: Path, name: str) -> Path:
    """A path for a new ledger. Its name is unique over threads, processes, hosts and containers."""
    fit = UNFIT.sub("_", name)[:LONGEST_NAME].strip("._-") or "block"
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return folder / f"{fit}-{moment}-{os.urandom(4).hex()}.jsonl"


def free_ledger(path: Path) -> Path:
    """The path itself, or with a number where a ledger of that name is finished or being written."""
    number, candidate = 1, path
    while candidate.exists() or candidate.with_name(candidate.name + ".part").exists():
        number += 1
        candidate = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return candidate


def fit_labels(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Labels as text, whole numbers, finite numbers, booleans or None, whatever the caller has.

    Scalars of NumPy and torch become Python's numbers, everything else its text. A ``seed`` or ``epoch`` that is not a
    whole number is kept as text under ``seed_given`` or ``epoch_given``: the accounts have columns of numbers for them.
    """
    fit: dict[str, Any] = {}
    for given, value in labels.items():
        ((name, plain),) = _fitted(given, value).items()
        if name in WHOLE and plain is not None:
            whole = _whole(plain)
            fit[name if whole is not None else f"{name}_given"] = whole if whole is not None else str(plain)
        else:
            fit[name] = plain
    return fit


def _fitted(name: Any, value: Any) -> dict[str, Any]:
    try:
        return plain_labels({name: value}, "a block")
    except Fault:
        return plain_labels({name: shown(value)}, "a block")


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        whole = int(value)
    except ValueError:
        return None
    return whole if isinstance(value, str) or whole == value else None
