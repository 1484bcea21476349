"""Where and when ledgers were written: for records that outlive their results."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wattshed.foundation.provenance import commit_text


def origin_of(ledgers: Iterable[Path]) -> dict[str, Any]:
    """``machines, days, commits`` of the ledgers, and the ``constants`` of a modelled processor."""
    machines, days, commits = set(), set(), set()
    constants: dict[str, Any] = {}
    for path in ledgers:
        with path.open(encoding="utf-8") as lines:
            events = [json.loads(next(lines, "{}")) for _ in range(2)]
        start, sensors = events
        machine = start["machine"]
        gpus = ", ".join(gpu["name"] for gpu in machine.get("gpus", [])) or "no GPU"
        machines.add(f"{machine['processor']}, {machine['logical_cores']} logical cores, {gpus}")
        days.add(start["started_utc"][:10])
        commits.add(commit_text(start["commit"]))
        constants |= {name: found["value"] for name, found in sensors.get("constants", {}).items()}
    return {
        "machines": sorted(machines),
        "days": sorted(days),
        "commits": sorted(commits),
        "constants": constants,
    }
